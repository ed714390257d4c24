import { deployMock } from "@latchkey/accounts/deployMock";
import type { ModularAccount } from "@latchkey/accounts/erc7579/ModularAccount";
import { isRefusal, signGrant, type ValidatorSigner, verifyGrant } from "@latchkey/sdk";
import { expect } from "chai";
import type { Hex, TypedDataDefinition } from "viem";
import { toAccount } from "viem/accounts";
import { signTypedData } from "viem/experimental/erc7739";
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
import { proposalOf } from "./sessionGrants.ts";

describe("an owner who signs by viem's client for ERC-7739", () => {
  const owner = someone("an ERC-7739 owner of the SDK");
  /** What the owner's wallet was given to show. */
  let shown: TypedDataDefinition[];
  const wallet = toAccount({
    ...owner,
    signTypedData: (typedData) => {
      shown.push(typedData as TypedDataDefinition);
      return owner.signTypedData(typedData);
    },
  });
  beforeEach(() => {
    shown = [];
  });
  const signerOf = ({ testChain, address }: ModularAccount, granter: Hex): ValidatorSigner => ({
    granter,
    sign: (_, session) => signTypedData(testChain.client, { account: wallet, verifier: address, ...session }),
  });

  onEveryAccount(
    (account) => {
      it("is shown the session, and makes a grant that the account accepts", async () => {
        const { address: validator } = await deployMock(world().testChain, "Erc7739OwnerValidator");
        const granter = await installWithGranter(account(), { validator, installation: owner.address });
        const proposal = proposalOf(account());
        const grant = await signGrant(signerOf(account(), granter), proposal);
        expect(shown.map(({ primaryType }) => primaryType)).to.deep.equal(["TypedDataSign"]);
        expect(shown[0]?.message).to.have.deep.property("contents", proposal.session);
        expect(await verifyGrant(world().testChain.client, grant)).to.deep.equal({ valid: true });
        await execute(grant.session, [pay(alice, USD)], grant.signature);
      });
    },
    (name) => /OpenZeppelin AccountERC7579 on EntryPoint 0.8|^Nexus/.test(name),
  );

  onEveryAccount(
    (account) => {
      it("makes no grant where the account's validators are asked about a hash of its own", async () => {
        const { address: validator } = await deployMock(world().testChain, "Erc7739OwnerValidator");
        const granter = await installWithGranter(account(), { validator, installation: owner.address });
        const grant = await signGrant(signerOf(account(), granter), proposalOf(account()));
        expect(await verifyGrant(world().testChain.client, grant)).to.have.property("valid", false);
      });
    },
    (name) => /^Kernel/.test(name),
  );

  onEveryAccount(
    (account) => {
      it("is not asked where the account tells no domain", async () => {
        const attempt = signGrant(signerOf(account(), account().granter), proposalOf(account()));
        const refused = await attempt.then(
          () => false,
          (error: unknown) => isRefusal(error, "NOT_SIGNED"),
        );
        expect(refused).to.equal(true);
        expect(shown).to.deep.equal([]);
      });
    },
    (name) => /^Safe7579 1.0.0 on Safe 1.4.1/.test(name),
  );
});
