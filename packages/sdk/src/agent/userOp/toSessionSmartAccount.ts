import {
  type Address,
  type Chain,
  type Client,
  type Hex,
  isAddressEqual,
  keccak256,
  parseAbi,
  type Transport,
  toBytes,
} from "viem";
import {
  getUserOperationHash,
  type SmartAccount,
  type SmartAccountImplementation,
  toSmartAccount,
  type UserOperation,
} from "viem/account-abstraction";
import { accountAdapterOf } from "../../accounts/accountAdapterOf.ts";
import type { Erc7579AccountKind } from "../../accounts/erc7579/Erc7579AccountKind.ts";
import { isNonceOfValidator } from "../../accounts/erc7579/isNonceOfValidator.ts";
import { validatorNonceKey } from "../../accounts/erc7579/validatorNonceKey.ts";
import { encodeExecute } from "../../encoding/encodeExecute.ts";
import { decodeSessionUserOpCallData } from "../../encoding/userOp/decodeSessionUserOpCallData.ts";
import { encodePaymentUserOpCallData } from "../../encoding/userOp/encodePaymentUserOpCallData.ts";
import { encodePaymentUserOpSignature } from "../../encoding/userOp/encodePaymentUserOpSignature.ts";
import { encodeSessionUserOpCallData } from "../../encoding/userOp/encodeSessionUserOpCallData.ts";
import { InvalidGrant } from "../../errors/InvalidGrant.ts";
import { InvalidInput } from "../../errors/InvalidInput.ts";
import { Refusal } from "../../errors/Refusal.ts";
import type { Grant } from "../../grant/Grant.ts";
import { sessionIn } from "../../grant/sessionIn.ts";
import { verifyGrant } from "../../grant/verifyGrant.ts";
import { call, readContract } from "../../internal/chainActions.ts";
import { parseAddress } from "../../internal/parseAddress.ts";
import { hashSession } from "../../session/hashSession.ts";
import { sessionState } from "../../session/sessionState.ts";
import { executionRefusal } from "../executionRefusal.ts";
import { choosePaymentUserOp, type PaymentUserOp } from "./choosePaymentUserOp.ts";
import {
  type EntryPoint,
  type EntryPointAbi,
  type EntryPointVersion,
  resolveEntryPoint,
} from "./EntryPoint.ts";
import { hashSigner } from "./hashSigner.ts";
import { paymentUserOpRefusal } from "./paymentUserOpRefusal.ts";
import { sessionVerificationGas, type UnpricedUserOp } from "./sessionVerificationGas.ts";
import { signPaymentUserOp } from "./signPaymentUserOp.ts";
import type { UserOpKey } from "./UserOpKey.ts";
import { userOpRefusal } from "./userOpRefusal.ts";

/** Parameters of {@link toSessionSmartAccount}. */
export type SessionSmartAccountParameters<version extends EntryPointVersion = EntryPointVersion> = {
  /** Any viem client of the grant's chain, for reading. */
  client: Client<Transport, Chain | undefined>;
  /** The agent's key, which the session names. */
  key: UserOpKey;
  /** The session and, unless it is enabled, the owner's signature over it. */
  grant: Grant;
  /** The account's EntryPoint: its version, or its version and address. */
  entryPoint: EntryPoint<version>;
  /**
   * UserOps in one lane are included one after the other; those in different lanes do not wait for each other. The
   * first userOp of a lane costs about 17,000 gas more. A number of up to 4 bytes, on a Nexus 3, on a Kernel 2.
   * Default: 0.
   */
  lane?: number;
  /** Deploys the account, if it is not deployed yet, with the session's first userOp. */
  factory?: { address: Address; data: Hex };
  /**
   * How a userOp with one ERC-20 transfer pays, if its budget has no `signatures` and no stream.
   *
   * `"validation"`, the default: the account makes the transfer itself, and the module charges it while it validates the
   * userOp. This costs less gas. A transfer that fails afterwards stays charged.
   *
   * `"execution"`: the module executes the transfer, as it does with everything else.
   */
  payments?: "validation" | "execution";
};

/** A viem smart account that a session's key controls. */
export type SessionSmartAccount<version extends EntryPointVersion = EntryPointVersion> = SmartAccount<
  SmartAccountImplementation<
    EntryPointAbi<version>,
    version,
    {
      /** The session and its grant. */
      grant: Grant;
      /** Of the account. */
      kind: Erc7579AccountKind;
    }
  >
>;

const entryPointAbi = parseAbi(["function getNonce(address sender, uint192 key) view returns (uint256)"]);

/** How many encoded userOps may wait for their signature. */
const MOST_ENCODED = 1000;

/** A callData that the account encoded. */
type EncodedCallData = {
  /** What goes into the signature of a payment userOp. */
  paymentUserOp: PaymentUserOp | undefined;
  /** Nonce of the first userOp that was signed with it, the only one it is valid for. Undefined: none yet. */
  nonce?: bigint;
};

/** Signed to simulate a validation, and as a stub. */
const NO_USER_OP: Hex = keccak256(
  toBytes("Latchkey: a signature that stands for a userOp's, to measure its gas"),
);

/**
 * The account of a session for viem's and permissionless' bundler clients: the session's key signs what they send,
 * within the session's limits. The chain enforces all limits, whichever bundler and paymaster is used.
 *
 * A userOp with one ERC-20 transfer pays in the cheapest way that its budget allows: see `payments` of
 * {@link SessionSmartAccountParameters}.
 *
 * The owner's grant is carried along until the session is enabled, which the first userOp does. Before its gas is
 * estimated, each userOp is simulated, so that a failure is refused with a reason. An EOA that runs one
 * of these accounts by EIP-7702 works the same way: its own address is the account's.
 *
 * It only signs userOps of the session, and callData that it encoded itself, for one nonce: for the same calls in another
 * userOp encode them again, as viem's clients do for every `calls`. Payments by signature:
 * {@link payingFetch}.
 *
 * @throws {Refusal} NOT_KEY: the session is for another key; UNSUPPORTED_ACCOUNT: the grant is not of an ERC-7579
 * account; INVALID_LANE; INVALID_SIGNER: the key cannot sign bare hashes. Later, from the client that uses it: as {@link execute};
 * PAYMASTER, GAS_ALLOWANCE, INVALID_CALLDATA, MODULE_NOT_ENABLED, NOT_SIGNED, UNSUPPORTED_SIGNATURE, WRONG_CHAIN;
 * DEADLINE_PASSED: the userOp was prepared in a period that has ended.
 *
 * @example
 * const account = await toSessionSmartAccount({ client, key, grant, entryPoint: "0.7" });
 * const bundler = createBundlerClient({ account, client, transport: http(bundlerUrl) });
 * const hash = await bundler.sendUserOperation({ calls: [{ to: usdc, data: transfer }] });
 */
export async function toSessionSmartAccount<const version extends EntryPointVersion>(
  parameters: SessionSmartAccountParameters<version>,
): Promise<SessionSmartAccount<version>> {
  const { client, key, grant, lane = 0, factory, payments = "validation" } = parameters;
  const session = sessionIn(grant);
  const { chainId, module } = grant;
  const kind = erc7579Kind(grant);
  const { account } = session;
  const entryPoint = resolveEntryPoint(parameters.entryPoint);
  if (!isAddressEqual(parseAddress(key, "key"), session.key))
    throw new InvalidInput({
      code: "NOT_KEY",
      shortMessage: `The session is for the key ${session.key}, not for ${key.address}.`,
      metaMessages: ["Load the key that the grant names."],
      details: { key: session.key, given: key.address },
    });
  // Refuses a lane that is too large early.
  validatorNonceKey({ kind, validator: module, lane });

  // A paymaster's service, a bundler or a library in between may replace the callData of a userOp before it is signed,
  // also with an earlier one, to have it paid again. So each is valid for one nonce, until it is encoded again.
  const encoded = new Map<Hex, EncodedCallData>();
  let latest: PaymentUserOp | undefined;
  const remember = (callData: Hex, paymentUserOp?: PaymentUserOp): Hex => {
    const hash = keccak256(callData);
    encoded.delete(hash);
    encoded.set(hash, { paymentUserOp });
    latest = paymentUserOp;
    const [oldest] = encoded.keys();
    if (oldest && encoded.size > MOST_ENCODED) encoded.delete(oldest);
    return callData;
  };

  const sign = hashSigner(key);

  let noUserOp: Promise<Hex> | undefined;
  const signNoUserOp = () => {
    noUserOp ??= sign(NO_USER_OP);
    // A key that failed once may work the next time.
    noUserOp.catch(() => {
      noUserOp = undefined;
    });
    return noUserOp;
  };

  const smartAccount = await toSmartAccount({
    // viem would have its account sign for JSON-RPC owners; here the client only reads.
    client: client as SmartAccountImplementation["client"],
    entryPoint,
    extend: { grant, kind },
    getAddress: async () => account,
    getFactoryArgs: async () => ({ factory: factory?.address, factoryData: factory?.data }),
    async encodeCalls(calls) {
      const paymentUserOp =
        payments === "validation" ? await choosePaymentUserOp(client, { grant, calls }) : undefined;
      if (paymentUserOp) return remember(encodePaymentUserOpCallData(paymentUserOp.payment), paymentUserOp);
      const state = await sessionState(client, { module, id: hashSession(session), account });
      return remember(
        encodeSessionUserOpCallData({
          session: { module, session },
          signature: state === "ENABLED" ? "0x" : grant.signature,
          calls: calls.map(({ to, data = "0x", value = 0n }) => ({ to, data, value })),
        }),
      );
    },
    decodeCalls: async (data) =>
      decodeSessionUserOpCallData(data, module).calls.map(({ target, value, data: callData }) => ({
        to: target,
        value,
        data: callData,
      })),
    // The module checks the signer last, so any signature leads an estimate through everything except storing, as
    // long as its form fits the callData.
    async getStubSignature(userOp) {
      const hash = userOp?.callData && keccak256(userOp.callData);
      const paymentUserOp = hash && encoded.has(hash) ? encoded.get(hash)?.paymentUserOp : latest;
      const keySignature = await signNoUserOp();
      return paymentUserOp
        ? encodePaymentUserOpSignature({ session: grant, ...paymentUserOp, keySignature })
        : keySignature;
    },
    async signMessage() {
      throw signsNothingElse();
    },
    async signTypedData() {
      throw signsNothingElse();
    },
    async signUserOperation({ chainId: asked = chainId, ...userOp }) {
      if (asked !== chainId)
        throw new InvalidGrant({
          code: "WRONG_CHAIN",
          shortMessage: `The grant is for chain ${chainId}; the userOp is for chain ${asked}.`,
          metaMessages: ["Use clients of the grant's chain."],
          details: { expected: chainId, chainId: asked },
        });
      const refusal = await userOpRefusal(client, { grant, userOp });
      if (refusal) throw refusal;
      const { paymentUserOp } = encodedFor(userOp);
      if (!isNonceOfValidator({ kind, validator: module, nonce: userOp.nonce })) throw notOfModule();
      if (paymentUserOp) await tryPayment(paymentUserOp);
      // Another userOp may have used the callData while the chain was read for this one.
      encodedFor(userOp).nonce = userOp.nonce;
      const userOpHash = getUserOperationHash({
        chainId,
        entryPointAddress: entryPoint.address,
        entryPointVersion: entryPoint.version,
        userOperation: { ...userOp, sender: account } as UserOperation<version>,
      });
      return paymentUserOp
        ? signPaymentUserOp(key, { session: grant, chainId, ...paymentUserOp, userOpHash })
        : sign(userOpHash);
    },
    userOperation: {
      async estimateGas(request) {
        const userOp = { ...request, sender: account } as UnpricedUserOp;
        const refusal = await userOpRefusal(client, { grant, userOp });
        if (refusal) throw refusal;
        const { paymentUserOp } = encodedAs(userOp.callData);
        if (paymentUserOp) await tryPayment(paymentUserOp);
        else if (!userOp.factory) await tryExecution(userOp.callData);
        const signature = paymentUserOp
          ? await signPaymentUserOp(key, {
              session: grant,
              chainId,
              ...paymentUserOp,
              userOpHash: NO_USER_OP,
            })
          : await signNoUserOp();
        const verificationGasLimit = await sessionVerificationGas(client, {
          entryPoint: entryPoint.address,
          userOp,
          signed: { hash: NO_USER_OP, signature },
        });
        if (verificationGasLimit === undefined) throw await explained(saysNo());
        return { verificationGasLimit: request.verificationGasLimit ?? verificationGasLimit };
      },
    },
  });

  /** @throws {Refusal} INVALID_CALLDATA: this account did not encode it. */
  function encodedAs(callData: Hex): EncodedCallData {
    const known = encoded.get(keccak256(callData));
    if (!known) throw notEncodedHere();
    return known;
  }

  /** @throws {Refusal} INVALID_CALLDATA: this account did not encode it, or has since signed it for another nonce. */
  function encodedFor({ callData, nonce }: { callData: Hex; nonce: bigint }): EncodedCallData {
    const known = encodedAs(callData);
    if (known.nonce !== undefined && known.nonce !== nonce) throw signedBefore();
    return known;
  }

  async function tryPayment(paymentUserOp: PaymentUserOp): Promise<void> {
    const refusal = await paymentUserOpRefusal(client, { grant, paymentUserOp });
    if (refusal) throw refusal.code === "NOT_GRANTED" ? await explained(refusal) : refusal;
  }

  /** On some accounts a failed execution in a userOp has no reason; sent from the key it has. */
  async function tryExecution(callData: Hex): Promise<void> {
    const said = decodeSessionUserOpCallData(callData, module);
    if (said.form !== "execution") throw notEncodedHere();
    const { to, data } = encodeExecute({ grant: { ...grant, signature: said.signature }, calls: said.calls });
    try {
      await call(client, { account: session.key, to, data });
    } catch (error) {
      const refusal = await executionRefusal(client, grant, error, said.calls);
      throw refusal.code === "NOT_GRANTED" ? await explained(refusal) : refusal;
    }
  }

  /** The exact reason why the grant is not valid. */
  async function explained(refusal: Refusal): Promise<Refusal> {
    const verdict = await verifyGrant(client, grant);
    return verdict.valid ? refusal : verdict.reason;
  }

  const saysNo = () =>
    new Refusal({
      code: "MODULE_NOT_ENABLED",
      shortMessage: `The account ${account} does not use the module ${module} as the userOp's validator.`,
      metaMessages: ["Ask the owner to install it as validator and executor, with erc7579Installation."],
      details: { account, module },
    });

  return {
    ...smartAccount,
    // viem would choose a lane for every userOp, of more bytes than accounts allow.
    getNonce: (asked) =>
      readContract(client, {
        address: entryPoint.address,
        abi: entryPointAbi,
        functionName: "getNonce",
        args: [
          account,
          validatorNonceKey({
            kind,
            validator: module,
            lane: asked?.key === undefined ? lane : Number(asked.key),
          }),
        ],
      }),
  };
}

function erc7579Kind({ accountKind }: Grant): Erc7579AccountKind {
  if (accountAdapterOf(accountKind).sendsUserOps) return accountKind as Erc7579AccountKind;
  throw new InvalidInput({
    code: "UNSUPPORTED_ACCOUNT",
    shortMessage: "The grant is for a Safe; sessions of Safes cannot send userOps.",
    metaMessages: [
      "Use execute, executeSigned or payingFetch; or a Safe with the ERC-7579 adapter (Safe7579).",
    ],
    details: { accountKind },
  });
}

const notEncodedHere = () =>
  new Refusal({
    code: "INVALID_CALLDATA",
    shortMessage: "The userOp's callData was not encoded by this account.",
    metaMessages: [
      "Nothing was signed. A paymaster's service or a library may have replaced the calls.",
      "Pass the calls as `calls`, so that the signing account encodes them.",
    ],
  });

const signedBefore = () =>
  new Refusal({
    code: "INVALID_CALLDATA",
    shortMessage: "The userOp's callData was already signed for another nonce.",
    metaMessages: [
      "Nothing was signed. A paymaster's service or a library may have inserted the calls of an earlier userOp.",
      "To make the calls once more, pass them as `calls` again.",
    ],
  });

const notOfModule = () =>
  new Refusal({
    code: "INVALID_CALLDATA",
    shortMessage: "The userOp's nonce selects another validator than the session module.",
    metaMessages: ["Nothing was signed. Use the nonce from the account's getNonce."],
  });

const signsNothingElse = () =>
  new Refusal({
    code: "UNSUPPORTED_SIGNATURE",
    shortMessage: "A session key cannot sign messages or typed data for the account.",
    metaMessages: ["It signs userOps and payments: for x402 use payingFetch or latchkeyScheme."],
  });
