import {
  type Address,
  concat,
  encodeFunctionData,
  getAddress,
  type Hex,
  hashTypedData,
  keccak256,
  numberToHex,
  parseAbi,
  toBytes,
} from "viem";
import type { PrivateKeyAccount } from "viem/accounts";
import { hashSession } from "#sdk/session/hashSession.ts";
import type { Budget, Session } from "#sdk/session/Session.ts";
import { executeData } from "../../erc7562/plainAccounts.ts";
import type { PackedUserOp } from "../../erc7562/userOp.ts";
import { type LeftOut, packed } from "../sessionBytes.ts";
import {
  CHAIN_ID,
  DAY,
  type GasParts,
  key,
  MODULE,
  payee,
  session,
  USER_OP_HASH,
  userOpOf,
} from "./erc7579Fixture.ts";

/** Nobody is asked about it in a validation: it needs no code. */
export const TOKEN: Address = getAddress(`0x${keccak256(toBytes("latchkey token")).slice(26)}`);

/** 1,000 base units a time, 2,500 a day, to the payee; by execution and by userOps only. */
export const budget = (changes: Partial<Budget> = {}): Budget => ({
  token: TOKEN,
  perTransaction: 1000n,
  perPeriod: 2500n,
  period: DAY,
  initial: 0n,
  perSecond: 0n,
  signatures: 0,
  sizes: 0,
  recipients: [payee],
  ...changes,
});
export const paying = (changes: Partial<Session> = {}, budgets: readonly Budget[] = [budget()]): Session =>
  session({ budgets, ...changes });

const erc20Abi = parseAbi(["function transfer(address to, uint256 value) returns (bool)"]);
export const transferData = (to: Address, amount: bigint): Hex =>
  encodeFunctionData({ abi: erc20Abi, args: [to, amount] });
/** The account's own execution of one transfer. */
export const payCallData = ({ token = TOKEN, to = payee, amount = 1000n } = {}): Hex =>
  executeData(token, 0n, transferData(to, amount));

/** The signature of such an op. */
export const encodePaymentSignature = (
  of: Session,
  grant: Hex,
  period: bigint,
  keySignature: Hex,
  leftOut: LeftOut = {},
): Hex =>
  concat([
    keySignature,
    numberToHex(period, { size: 6 }),
    of.key,
    packed(of, leftOut),
    grant,
    `0x${"00".repeat(20)}`,
  ]);

/** What the key signs. */
export const paymentDigest = (
  of: Session,
  { period = 0n, userOpHash = USER_OP_HASH, module = MODULE, chainId = CHAIN_ID } = {},
): Hex =>
  hashTypedData({
    domain: { name: "Latchkey", version: "1", chainId, verifyingContract: module },
    types: {
      PaymentUserOp: [
        { name: "session", type: "bytes32" },
        { name: "period", type: "uint256" },
        { name: "userOpHash", type: "bytes32" },
      ],
    },
    primaryType: "PaymentUserOp",
    message: { session: hashSession(of), period, userOpHash },
  });

/** What may differ from a payment of 1,000 to the payee in period 0. */
export type PaymentOpChanges = Partial<PackedUserOp> & {
  token?: Address;
  to?: Address;
  amount?: bigint;
  period?: bigint;
  grant?: Hex;
  leftOut?: LeftOut;
  by?: PrivateKeyAccount;
  gas?: GasParts;
};
/** A userOp by which the account itself pays, signed by the session's key. */
export async function paymentOp(of: Session, changes: PaymentOpChanges = {}): Promise<PackedUserOp> {
  const {
    token = TOKEN,
    to = payee,
    amount = 1000n,
    period = 0n,
    grant = "0x",
    by = key,
    ...others
  } = changes;
  const { leftOut, ...rest } = others;
  const keySignature = await by.sign({ hash: paymentDigest(of, { period }) });
  return userOpOf(of, {
    callData: payCallData({ token, to, amount }),
    signature: encodePaymentSignature(of, grant, period, keySignature, leftOut),
    ...rest,
  });
}

/** What the validator returns for a payment between two seconds, the second of which is too late. */
export const between = (from: number | bigint, until: number | bigint): bigint =>
  (BigInt(from) << 208n) | ((BigInt(until) - 1n) << 160n);
