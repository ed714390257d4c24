/**
 * The facilitator's part of x402's payments by ERC-7710. No package publishes one: this is our own, after x402's specification.
 */
import type {
  PaymentPayload,
  PaymentRequirements,
  SchemeNetworkFacilitator,
  SettleResponse,
  VerifyResponse,
} from "@x402/core/types";
import {
  type Address,
  concat,
  encodeFunctionData,
  erc20Abi,
  getAddress,
  type Hash,
  type Hex,
  isAddress,
  isAddressEqual,
  isHex,
  pad,
  parseAbi,
  parseEventLogs,
  size,
  type TransactionReceipt,
} from "viem";

/** What a facilitator does on its chain, as one address. */
export type FacilitatorChain = {
  address: Address;
  network: `eip155:${number}`;
  getCode(request: { address: Address }): Promise<Hex | undefined>;
  call(request: { account: Address; to: Address; data: Hex; gas: bigint }): Promise<unknown>;
  sendTransaction(request: { to: Address; data: Hex; gas: bigint }): Promise<Hash>;
  waitForTransactionReceipt(request: { hash: Hash }): Promise<TransactionReceipt>;
};

/** A redemption that was put together from a payment, or why there is none. */
type Redemption = { delegator: Address; manager: Address; data: Hex } | { refused: string };

/** The most gas that a redemption may use: a delegation manager is anybody's code. */
const MOST_GAS = 1_500_000n;

const erc7710Abi = parseAbi([
  "function redeemDelegations(bytes[] permissionContexts, bytes32[] modes, bytes[] executionCallData)",
]);
/** One call, which must succeed. */
const SINGLE = pad("0x");

const isAccount = (value: unknown): value is Address =>
  typeof value === "string" && isAddress(value, { strict: false });

/** Whether an offer is to be paid by ERC-7710. */
export const isByErc7710 = ({ extra }: PaymentRequirements): boolean =>
  extra?.assetTransferMethod === "erc7710";

/**
 * x402's scheme `exact` with payments by ERC-7710, beside those that another facilitator settles. The delegation manager is
 * not trusted: the redemption is simulated, sent once, and has paid only if the receipt shows the offer's transfer, and no
 * other of the same token from that account.
 */
export function exactSchemeWithErc7710(
  others: SchemeNetworkFacilitator,
  chain: FacilitatorChain,
): SchemeNetworkFacilitator {
  const refused = (invalidReason: string): VerifyResponse => ({ isValid: false, invalidReason });

  async function verify(payload: PaymentPayload, requirements: PaymentRequirements): Promise<VerifyResponse> {
    const redemption = redemptionOf(payload, requirements, chain.network);
    if ("refused" in redemption) return refused(redemption.refused);
    const { delegator: payer, manager, data } = redemption;
    for (const address of [manager, requirements.asset as Address]) {
      const code = await chain.getCode({ address });
      if (code === undefined || code === "0x") return { ...refused("no_contract"), payer };
    }
    try {
      await chain.call({ account: chain.address, to: manager, data, gas: MOST_GAS });
    } catch (error) {
      return { ...refused("simulation_failed"), invalidMessage: messageOf(error), payer };
    }
    return { isValid: true, payer };
  }

  async function settle(payload: PaymentPayload, requirements: PaymentRequirements): Promise<SettleResponse> {
    const { network, asset, payTo, amount } = requirements;
    const verified = await verify(payload, requirements);
    const answer = { network, transaction: "", ...(verified.payer && { payer: verified.payer }) };
    const failed = (errorReason: string): SettleResponse => ({ ...answer, success: false, errorReason });
    const redemption = redemptionOf(payload, requirements, chain.network);
    if (!verified.isValid || "refused" in redemption) return failed(verified.invalidReason ?? "invalid");
    const { delegator, manager: to, data } = redemption;
    const hash = await chain.sendTransaction({ to, data, gas: MOST_GAS });
    const { status, logs } = await chain.waitForTransactionReceipt({ hash });
    const sent = { ...answer, transaction: hash };
    if (status !== "success") return { ...sent, success: false, errorReason: "transaction_reverted" };
    const moved = parseEventLogs({ abi: erc20Abi, eventName: "Transfer", logs }).filter(
      ({ address, args }) =>
        isAddressEqual(address, asset as Address) && isAddressEqual(args.from, delegator),
    );
    const [paid, ...more] = moved;
    const isPaid =
      paid !== undefined &&
      more.length === 0 &&
      isAddressEqual(paid.args.to, payTo as Address) &&
      paid.args.value === BigInt(amount);
    return isPaid ? { ...sent, success: true } : { ...sent, success: false, errorReason: "not_paid" };
  }

  return {
    scheme: "exact",
    caipFamily: "eip155:*",
    getExtra: (network) => ({ ...others.getExtra(network), facilitatorAddresses: [chain.address] }),
    getSigners: (network) => [...new Set([...others.getSigners(network), chain.address])],
    verify: (payload, requirements, context) =>
      isByErc7710(requirements)
        ? verify(payload, requirements)
        : others.verify(payload, requirements, context),
    settle: (payload, requirements, context) =>
      isByErc7710(requirements)
        ? settle(payload, requirements)
        : others.settle(payload, requirements, context),
  };
}

/** The one call that pays the offer, wrapped for the payment's delegation manager. */
function redemptionOf(
  { accepted, payload }: PaymentPayload,
  requirements: PaymentRequirements,
  network: string,
): Redemption {
  const { scheme, asset, payTo, amount } = requirements;
  if (scheme !== "exact" || requirements.network !== network) return { refused: "network_mismatch" };
  // What the payer accepted is the offer itself: it names no other asset, payee or amount.
  const isSame = (["scheme", "network", "asset", "payTo", "amount"] as const).every(
    (field) => `${accepted?.[field]}`.toLowerCase() === `${requirements[field]}`.toLowerCase(),
  );
  if (!isSame || accepted.extra?.assetTransferMethod !== "erc7710") return { refused: "offer_mismatch" };
  if (!isAccount(asset) || !isAccount(payTo) || !/^\d{1,78}$/.test(amount))
    return { refused: "invalid_offer" };
  const { delegationManager, permissionContext, delegator } = payload;
  if (!isAccount(delegationManager) || !isAccount(delegator)) return { refused: "invalid_payload" };
  if (!isHex(permissionContext, { strict: true }) || size(permissionContext) === 0)
    return { refused: "invalid_payload" };
  const transfer = encodeFunctionData({
    abi: erc20Abi,
    functionName: "transfer",
    args: [getAddress(payTo), BigInt(amount)],
  });
  const data = encodeFunctionData({
    abi: erc7710Abi,
    args: [[permissionContext], [SINGLE], [concat([getAddress(asset), pad("0x"), transfer])]],
  });
  return { delegator: getAddress(delegator), manager: getAddress(delegationManager), data };
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
