import type { Latchkey, SafeAccount } from "@latchkey/accounts/safeAccount";
import { RELAYER, transferWithAuthorizationTypes, usdcAbi } from "@latchkey/devchain";
import {
  type ActionRequest,
  type BudgetRequests,
  type CallRequest,
  execute,
  type Grant,
  hashSession,
  type Owner,
  proposeSession,
  type Slot,
  sessionStatus,
  signGrant,
} from "@latchkey/sdk";
import { sessionModuleAbi } from "@latchkey/sdk/abis";
import { encodePayload, encodePermissionContext, slotNonce } from "@latchkey/sdk/encoding";
import {
  type Address,
  createWalletClient,
  custom,
  encodeAbiParameters,
  encodeFunctionData,
  type Hex,
  hashTypedData,
  isAddressEqual,
  keccak256,
  parseAbiParameters,
  parseSignature,
  type TransactionReceipt,
  toBytes,
} from "viem";
import { type PrivateKeyAccount, privateKeyToAccount } from "viem/accounts";
import { SINGLE, single } from "../environment/redemption.ts";
import type { FiatToken } from "./fiatToken.ts";

/** An EIP-3009 authorization from the Safe, signed by the session's key. Amounts in base units, times in seconds. */
export type SignedPayment = {
  from: Address;
  to: Address;
  value: bigint;
  validAfter: bigint;
  validBefore: bigint;
  nonce: Hex;
  /** What the token asks the Safe about. */
  digest: Hex;
  /** The key's own signature over it, 65 bytes. */
  keySignature: Hex;
  /** What the Safe takes for an answer: the payload, in the form of the Safe's handler. */
  signature: Hex;
};

/** What may differ from a payment of 0.25 in the first slot of that size. */
export type PaymentChanges = Partial<Pick<SignedPayment, "to" | "value" | "validAfter" | "validBefore">> & {
  slot?: Slot;
  period?: bigint;
  /** Carries the owner's signature along: payload version 2. Default: false, the session is enabled. */
  carriesGrant?: boolean;
};

/** A question of the token's that the key signed though the session is not for it. */
export type OtherQuestion = { digest: Hex; typeHash: Hex; encodedFields: Hex };

/** A Safe, and a session by which a key may pay one of its tokens. */
export type SessionPayer = {
  account: SafeAccount;
  grant: Grant;
  id: Hex;
  key: PrivateKeyAccount;
  /** Makes the Safe perform calls, by a transaction of the key; waits until it is mined. */
  execute(calls: readonly CallRequest[]): Promise<TransactionReceipt>;
  /** The same by ERC-7710: the key redeems the grant as a permission context. */
  redeem(call: { target: Address; value: bigint; data: Hex }): Promise<TransactionReceipt>;
  /** Signs a payment; sends nothing. */
  sign(changes?: PaymentChanges): Promise<SignedPayment>;
  /** Signs another question of the token's, with a payload that would be good for a payment. */
  signOther(question: OtherQuestion): Promise<Hex>;
  /** Has anyone submit a payment to the token, by either overload of transferWithAuthorization. */
  settle(payment: SignedPayment, overload?: "bytes" | "v, r, s"): Promise<TransactionReceipt>;
  /** What executions have spent in the current period, in base units. */
  spent(): Promise<bigint>;
};

const transferTypeHash = keccak256(
  toBytes(
    "TransferWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)",
  ),
);
const forVerifier = parseAbiParameters("bytes32, bytes32, bytes, bytes");
const transferWords = parseAbiParameters("address, address, uint256, uint256, uint256, bytes32");

/**
 * Has a Safe's owner grant a session over a token, and returns the payer. Nothing is sent.
 * @param parameters.token The token that signed payments are of.
 * @param parameters.budgets With the actions as {@link proposeSession} takes them.
 * @param parameters.payee Whom payments go to unless told otherwise.
 * @param parameters.owner Who signs the grant. Default: the Safe's owner, who must have a key then.
 */
export async function sessionPayer(
  account: SafeAccount,
  {
    latchkey,
    token,
    budgets,
    actions = [],
    payee,
    owner = privateKeyToAccount(account.owner.signer as Hex),
  }: {
    latchkey: Latchkey;
    token: Pick<FiatToken, "address" | "domain" | "domainSeparator">;
    budgets: BudgetRequests;
    actions?: readonly ActionRequest[];
    payee: Address;
    owner?: Owner;
  },
): Promise<SessionPayer> {
  const { testChain, version, address } = account;
  const key = privateKeyToAccount(keccak256(toBytes("the agent of the USDC tests")));
  const proposal = await proposeSession(testChain.client, {
    account: address,
    key,
    module: latchkey.module,
    budgets,
    actions,
    until: "7d",
  });
  const grant = await signGrant(owner, proposal);
  const session = grant.session;
  const id = hashSession(session);
  const budgetIndex = session.budgets.findIndex((budget) => isAddressEqual(budget.token, token.address));
  const wallet = createWalletClient({
    account: key,
    transport: custom(testChain.provider, { retryCount: 0 }),
  });
  const wrap = (payload: Hex, { typeHash, encodedFields }: Omit<OtherQuestion, "digest">): Hex =>
    version === "1.5.0"
      ? `0x5fd7e97d${encodeAbiParameters(forVerifier, [token.domainSeparator, typeHash, encodedFields, payload]).slice(2)}`
      : payload;
  const describe = ({
    to = payee,
    value = 250_000n,
    validAfter = 0n,
    validBefore = BigInt(session.validAfter + 2 * 86_400),
    slot = { lot: 0n, size: 1, index: 0n },
    period = 0n,
    carriesGrant = false,
  }: PaymentChanges) => ({
    fields: {
      from: address,
      to,
      value,
      validAfter,
      validBefore,
      nonce: slotNonce({ id, budgetIndex, period, ...slot }),
    },
    pack: (keySignature: Hex) =>
      encodePayload({
        session,
        budgetIndex,
        slot,
        to,
        value,
        validAfter,
        validBefore,
        tokenDomain: token.domain,
        keySignature,
        ...(carriesGrant ? { grant: grant.signature } : {}),
      }),
  });

  return {
    account,
    grant,
    id,
    key,
    async execute(calls) {
      await testChain.setBalance(key.address, 10n ** 20n);
      const hash = await execute(wallet, { grant, calls });
      return testChain.client.waitForTransactionReceipt({ hash });
    },
    async redeem(call) {
      await testChain.setBalance(key.address, 10n ** 20n);
      const hash = await wallet.sendTransaction({
        chain: null,
        to: grant.module,
        data: encodeFunctionData({
          abi: sessionModuleAbi,
          functionName: "redeemDelegations",
          args: [[encodePermissionContext({ grant })], [SINGLE], [single(call)]],
        }),
      });
      return testChain.client.waitForTransactionReceipt({ hash });
    },
    async sign(changes = {}) {
      const { fields, pack } = describe(changes);
      const digest = hashTypedData({
        domain: token.domain,
        types: transferWithAuthorizationTypes,
        primaryType: "TransferWithAuthorization",
        message: fields,
      });
      const { from, to, value, validAfter, validBefore, nonce } = fields;
      const encodedFields = encodeAbiParameters(transferWords, [
        from,
        to,
        value,
        validAfter,
        validBefore,
        nonce,
      ]);
      const keySignature = await key.sign({ hash: digest });
      return {
        ...fields,
        digest,
        keySignature,
        signature: wrap(pack(keySignature), { typeHash: transferTypeHash, encodedFields }),
      };
    },
    async signOther(question) {
      return wrap(describe({}).pack(await key.sign({ hash: question.digest })), question);
    },
    settle({ from, to, value, validAfter, validBefore, nonce, signature }, overload = "bytes") {
      const fields = [from, to, value, validAfter, validBefore, nonce] as const;
      const name = { abi: usdcAbi, functionName: "transferWithAuthorization" } as const;
      const bySplit = () => {
        const { r, s, yParity } = parseSignature(signature);
        return encodeFunctionData({ ...name, args: [...fields, 27 + yParity, r, s] });
      };
      return testChain.send({
        from: RELAYER,
        to: token.address,
        data:
          overload === "bytes" ? encodeFunctionData({ ...name, args: [...fields, signature] }) : bySplit(),
      });
    },
    async spent() {
      const { budgets } = await sessionStatus(testChain.client, grant);
      const budget = budgets[budgetIndex];
      if (!budget) throw new Error(`the session has no budget of ${token.address}`);
      return budget.spent;
    },
  };
}
