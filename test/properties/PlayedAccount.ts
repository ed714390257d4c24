import type { Address, Hex } from "viem";
import type { Call } from "#sdk/session/Session.ts";
import type { Paymaster } from "../environment/erc7579/Paymaster.ts";
import type { ModuleType } from "../model/ERC7579Model.ts";
import type { Ledger } from "../model/Ledger.ts";
import type { SessionModel, Target } from "../model/SessionModel.ts";
import type { SignedStruct } from "../model/typedData.ts";
import type { Question } from "./Playground.ts";

/** A transaction, whose sender needs no key here. */
export type Transaction = { from: Address; to: Address; data: Hex };

/** A real account of the playground, and how its kind does what every kind does. */
export type PlayedAccount = {
  name: string;
  address: Address;
  /** Who answers the calls that it has no function for; where there is nobody, an address like any other. */
  handler: Address;
  /** What it says instead of the reason of a call that fails; undefined: it passes the reason on. */
  silence: Hex | undefined;
  /** The model of it, before anything was installed or granted by a test. */
  createModel(ledger: Ledger, targets: ReadonlyMap<string, Target>): SessionModel;
  /** The owner makes the account perform calls, all or none. */
  perform(calls: readonly Call[]): Transaction;
  /** The owner's ERC-1271 signature over a digest, past the module. */
  ownerSigns(digest: Hex): Promise<Hex>;
  /** A signature in the form of the owner's, by somebody else. */
  strangerSigns(digest: Hex): Promise<Hex>;
  /** A signature that the account accepts by a weaker validator than the owner's, if it has one. */
  weaklySigned: Hex;
  /** Whether the account wraps a hash before it asks the module about it, so that a payload must name the key. */
  wrapsHash: boolean;
  /** The ERC-1271 signature that makes the account ask the module about a payment. */
  wrap(payment: SignedStruct, payload: Hex): Hex;
  /** What the module is asked about a payload. */
  question(digest: Hex, payload: Hex): Question;
  /** What only an ERC-7579 account has. */
  modular: ModularPart | undefined;
};

/** An ERC-7579 account's own. */
export type ModularPart = {
  entryPoint: Address;
  /** Of the nonces of userOps that the module validates. */
  nonceKey: bigint;
  /** Of its EntryPoint. */
  paymaster: Paymaster;
  /** What grants begin with: the owner's, and the weaker validator's. */
  grants: { good: Hex; weak: Hex };
  /**
   * Calls that install the module. The first brings the data; where it is one session, the last brings that.
   * @param sessions In the bytes of an installation.
   */
  installation(types: readonly ModuleType[], granter: Hex, sessions: readonly Hex[]): Call[];
  uninstallation(types: readonly ModuleType[]): Promise<Call[]>;
};
