import { deployMock } from "@latchkey/accounts/deployMock";
import type { ModularAccount } from "@latchkey/accounts/erc7579/ModularAccount";
import { type Session, sessionTypedData } from "@latchkey/sdk";
import { erc7579Abi } from "@latchkey/sdk/erc7579";
import { expect } from "chai";
import { concat, type Hex, hexToString, numberToHex, size, slice, toHex } from "viem";
import type { PrivateKeyAccount } from "viem/accounts";
import { signTypedData } from "viem/experimental/erc7739";
import { DELEGATING_EOAS } from "../../environment/erc7579/delegatedAccounts.ts";
import { eoaOf } from "../../environment/erc7579/delegation.ts";
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

/** By viem's own client, which writes ERC-7739's implicit mode. */
const nested = ({ testChain, address }: ModularAccount, session: Session, by: PrivateKeyAccount) =>
  signTypedData(testChain.client, {
    account: by,
    verifier: address,
    ...sessionTypedData(session, { chainId: testChain.chainId, module: world().module }),
  });

/** What stands behind a nested signature: the types of what was signed. */
const descriptionOf = (signature: Hex): Hex => {
  const end = size(signature) - 2;
  return slice(signature, end - Number(BigInt(slice(signature, end))), end);
};

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
    it("is described by its types, in the order in which wallets hash them", async () => {
      const described = hexToString(descriptionOf(await nested(account(), session(), owner)));
      expect(described).to.match(
        /^Session\([^()]*\)SessionAction\([^()]*\)SessionBudget\([^()]*\)SessionRule\([^()]*\)$/,
      );
    });
    it("is also granted in the explicit mode, which repeats the type's name", async () => {
      const signature = await nested(account(), session(), owner);
      const description = concat([descriptionOf(signature), toHex("Session")]);
      const unnamed = slice(signature, 0, size(signature) - 2 - size(descriptionOf(signature)));
      const explicit = concat([unnamed, description, numberToHex(size(description), { size: 2 })]);
      await execute(session(), [pay(alice, USD)], concat([granter, explicit]));
      expect(await stateOf(session())).to.equal(ENABLED);
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
      it("is not granted by a signature that the account accepts from the EOA's key itself: it names no validator", async () => {
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
