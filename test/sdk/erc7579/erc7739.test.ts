import { expect } from "chai";
import { concat, type Hex, hashTypedData, type TypedDataDefinition } from "viem";
import type { SmartAccount } from "viem/account-abstraction";
import { hashTypedData as hashNested, wrapTypedDataSignature } from "viem/experimental/erc7739";
import { nestingMode } from "../../../packages/sdk/src/erc7739/nestedSession.ts";
import {
  erc7739Signer,
  grantSession,
  isRefusal,
  type Proposal,
  sessionTypedData,
  signGrant,
  verifyGrant,
} from "../../../packages/sdk/src/index.ts";
import {
  alice,
  execute,
  installWithGranter,
  pay,
  someone,
  USD,
  world,
} from "../../accounts/erc7579/fixture.ts";
import { onEveryAccount } from "../../accounts/erc7579/onEveryAccount.ts";
import { deployMock } from "../../environment/deployMock.ts";
import { verifierDomainOf } from "../../environment/erc7579/nestedTypedData.ts";
import { proposalOf } from "./sessionGrants.ts";

const typedDataOf = ({ session, ...domain }: Proposal) => sessionTypedData(session, domain);

async function refusalOf(attempt: Promise<unknown>): Promise<{ code: string; message: string }> {
  try {
    await attempt;
  } catch (error) {
    if (isRefusal(error)) return error;
    throw error;
  }
  throw new Error("it was not refused");
}

describe("the signer for owners who sign as ERC-7739 nests it", () => {
  onEveryAccount(
    (account) => {
      const owner = someone("an ERC-7739 owner of the SDK");
      let granter: Hex;
      beforeEach(async () => {
        const { address: validator } = await deployMock(world().testChain, "Erc7739OwnerValidator");
        granter = await installWithGranter(account(), { validator, installation: owner.address });
      });
      const signer = (address = account().address) =>
        erc7739Signer(world().testChain.client, {
          account: address,
          granter,
          sign: (nested) => owner.signTypedData(nested),
        });
      /** A smart account as viem's ERC-7739 signs: in implicit mode. */
      const implicitly = async (proposal: Proposal): Promise<Hex> => {
        const typedData = typedDataOf(proposal);
        const verifierDomain = await verifierDomainOf(world().testChain, account().address);
        const signature = await owner.sign({ hash: hashNested({ ...typedData, verifierDomain }) });
        return wrapTypedDataSignature({ ...typedData, signature });
      };

      it("has the wallet show the session, and makes a grant that the account accepts", async () => {
        const proposal = proposalOf(account());
        const shown: TypedDataDefinition[] = [];
        const grant = await signGrant(
          erc7739Signer(world().testChain.client, {
            account: account().address,
            granter,
            sign: (nested) => {
              shown.push(nested);
              return owner.signTypedData(nested);
            },
          }),
          proposal,
        );
        expect(shown.map(({ primaryType }) => primaryType)).to.deep.equal(["TypedDataSign"]);
        expect(shown[0]?.message).to.have.deep.property("contents", proposal.session);
        expect(await verifyGrant(world().testChain.client, grant)).to.deep.equal({ valid: true });
        await execute(grantSession(grant), [pay(alice, USD)], grant.signature);
      });

      it("does not sign for another account than its own", async () => {
        const attempt = signGrant(signer(alice), proposalOf(account()));
        expect((await refusalOf(attempt)).code).to.equal("INVALID_SIGNER");
      });

      it("says what to do where a smart account nests the session in implicit mode", async () => {
        const proposal = proposalOf(account());
        const smartAccount = {
          type: "smart",
          address: account().address,
          signTypedData: async () => concat([granter, await implicitly(proposal)]),
        } as unknown as SmartAccount;
        const signers = [smartAccount, { granter, sign: () => implicitly(proposal) }];
        for (const one of signers) {
          const { code, message } = await refusalOf(signGrant(one, proposal));
          expect(code).to.equal("IMPLICIT_SIGNATURE");
          expect(message).to.contain("erc7739Signer");
        }
      });
    },
    (name) => /OpenZeppelin AccountERC7579 on EntryPoint 0.8|^Nexus/.test(name),
  );

  onEveryAccount(
    (account) => {
      it("refuses where nothing can be nested: another hash is asked about, or no domain is told", async () => {
        const { granter, address } = account();
        const never = async (): Promise<Hex> => {
          throw new Error("the owner was asked");
        };
        const signer = erc7739Signer(world().testChain.client, { account: address, granter, sign: never });
        const { code } = await refusalOf(signGrant(signer, proposalOf(account())));
        expect(code).to.equal("INVALID_SIGNER");
      });
    },
    (name) => /^Kernel|^Safe7579 1.0.0 on Safe 1.4.1/.test(name),
  );
});

describe("the form of a signature that is nested", () => {
  const typedData = typedDataOf({
    version: 1,
    chainId: 1,
    module: alice,
    accountKind: "openzeppelin",
    session: {
      account: alice,
      key: alice,
      validAfter: 1,
      validUntil: 2,
      epoch: 0n,
      salt: 0n,
      gasAllowance: 0n,
      paymaster: alice,
      budgets: [],
      actions: [],
    },
  });

  it("is told apart from every other signature", () => {
    const signature: Hex = `0x${"ab".repeat(65)}`;
    expect(nestingMode(wrapTypedDataSignature({ ...typedData, signature }), typedData)).to.equal("implicit");
    for (const plain of ["0x", "0x01", signature, `0x${"00".repeat(500)}`, `0x${"ff".repeat(500)}`] as const)
      expect(nestingMode(plain, typedData), plain).to.equal(undefined);
    const other = { ...typedData, message: { ...typedData.message, salt: 1n } };
    expect(hashTypedData(other)).not.to.equal(hashTypedData(typedData));
    expect(nestingMode(wrapTypedDataSignature({ ...other, signature }), typedData)).to.equal(undefined);
  });
});
