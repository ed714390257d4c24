import { expect } from "chai";
import { concat, type Hex } from "viem";
import type { PrivateKeyAccount } from "viem/accounts";
import { hashTypedData, wrapTypedDataSignature } from "viem/experimental/erc7739";
import { erc7579Abi, type Session, sessionTypedData } from "../../../packages/sdk/src/index.ts";
import { deployMock } from "../../environment/deployMock.ts";
import { DELEGATING_EOAS } from "../../environment/erc7579/delegatedAccounts.ts";
import { eoaOf } from "../../environment/erc7579/delegation.ts";
import type { ModularAccount } from "../../environment/erc7579/ModularAccount.ts";
import { signNestedSession, verifierDomainOf } from "../../environment/erc7579/nestedTypedData.ts";
import { refusal } from "../../environment/refusal.ts";
import {
  alice,
  balanceOf,
  budget,
  digestOf,
  ENABLED,
  execute,
  executeSigned,
  installWithGranter,
  installWithoutGranter,
  pay,
  sendUserOp,
  sessionOf,
  settle,
  someone,
  stateOf,
  TOKEN_REFUSED,
  USD,
  world,
} from "./fixture.ts";
import { onEveryAccount } from "./onEveryAccount.ts";

const YES = "0x1626ba7e";

const nested = (account: ModularAccount, session: Session, by: PrivateKeyAccount) =>
  signNestedSession(
    account.testChain,
    { account: account.address, session, module: world().module },
    (hash) => by.sign({ hash }),
  );

const askAccount = ({ testChain, address }: ModularAccount, hash: Hex, signature: Hex) =>
  testChain.client.readContract({
    address,
    abi: erc7579Abi,
    functionName: "isValidSignature",
    args: [hash, signature],
  });

/**
 * Their validators are asked about the session's own digest, and they tell a domain to nest it in. A Kernel's validator
 * is asked about a hash of the Kernel's, in which no wallet could show a session; a Safe7579 tells no domain.
 */
const nests = (name: string) => /OpenZeppelin|Nexus/.test(name);

describe("a session whose owner signs as ERC-7739 nests it", () => {
  onEveryAccount((account) => {
    const owner = someone("an ERC-7739 owner");
    let granter: Hex;
    const session = (changes: Partial<Session> = {}) => sessionOf(account(), changes);
    const grantOf = async (of: Session) => concat([granter, await nested(account(), of, owner)]);

    beforeEach(async () => {
      const { address: validator } = await deployMock(world().testChain, "Erc7739OwnerValidator");
      granter = await installWithGranter(account(), { validator, installation: owner.address });
    });

    it("is granted, by every rail", async () => {
      const [direct, relayed, op, payment] = [1n, 2n, 3n, 4n].map((salt) => session({ salt })) as [
        Session,
        Session,
        Session,
        Session,
      ];
      await execute(direct, [pay(alice, USD)], await grantOf(direct));
      await executeSigned(relayed, [pay(alice, USD)], await grantOf(relayed));
      const { success, reason } = await sendUserOp(account(), op, [pay(alice, USD)], {
        grant: await grantOf(op),
      });
      expect(success, reason).to.equal(true);
      await settle(account(), payment, { grant: await grantOf(payment) });
      for (const each of [direct, relayed, op]) expect(await stateOf(each)).to.equal(ENABLED);
      expect(await balanceOf(alice)).to.equal(4n * USD);
    });
    it("is not granted in the shorter mode that viem writes: the wallet hashes the types in another order", async () => {
      const typedData = sessionTypedData(session(), {
        chainId: world().testChain.chainId,
        module: world().module,
      });
      const verifierDomain = await verifierDomainOf(world().testChain, account().address);
      const signature = await owner.sign({ hash: hashTypedData({ ...typedData, verifierDomain }) });
      const grant = concat([granter, wrapTypedDataSignature({ ...typedData, signature })]);
      expect(await refusal(execute(session(), [pay(alice, USD)], grant))).to.include("NotGranted");
    });
    it("is not granted by any other signature of the owner's", async () => {
      const digest = digestOf(session());
      const anywhere = Object.values(world().accounts).find(
        ({ kind, address }) => kind === "openzeppelin" && address !== account().address,
      );
      const signatures: Record<string, Hex> = {
        "over the bare digest": await owner.sign({ hash: digest }),
        "over the digest as a personal message": await owner.signMessage({ message: { raw: digest } }),
        "nested for another account": await nested(anywhere as ModularAccount, session(), owner),
        "nested around another session": await nested(account(), session({ salt: 2n }), owner),
        "nested around another budget": await nested(
          account(),
          session({ budgets: [budget({ perPeriod: 4n * USD })] }),
          owner,
        ),
        "nested by somebody else": await nested(account(), session(), someone("somebody else")),
      };
      for (const [which, signature] of Object.entries(signatures)) {
        const grant = concat([granter, signature]);
        const calls = [pay(alice, USD)];
        expect(await refusal(execute(session(), calls, grant)), which).to.include("NotGranted");
        expect(await refusal(sendUserOp(account(), session(), calls, { grant })), which).to.include("AA24");
        expect(await refusal(settle(account(), session(), { grant })), which).to.match(TOKEN_REFUSED);
      }
      expect(await balanceOf(alice)).to.equal(0n);
      await execute(session(), [pay(alice, USD)], await grantOf(session()));
    });
  }, nests);

  onEveryAccount(
    (account) => {
      it("is granted by no signature that the account takes from the EOA's key itself: that names no validator", async () => {
        const eoa = eoaOf(DELEGATING_EOAS.openzeppelin);
        const session = sessionOf(account());
        await installWithoutGranter(account());
        const signature = await nested(account(), session, eoa);
        expect(await askAccount(account(), digestOf(session), signature)).to.equal(YES);
        expect(await refusal(execute(session, [pay(alice, USD)], signature))).to.include("NotGranted");
        expect(await refusal(settle(account(), session, { grant: signature }))).to.match(TOKEN_REFUSED);
      });
    },
    (name) => name === "an EOA that runs OpenZeppelin AccountERC7579",
  );
});
