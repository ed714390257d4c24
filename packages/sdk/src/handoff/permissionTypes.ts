import { type Address, getAddress, maxUint128, maxUint256, zeroAddress } from "viem";
import * as z from "zod/mini";
import { type Action, ANYONE, type Budget } from "../session/Session.ts";
import {
  addressSchema,
  amountSchema,
  bytesSchema,
  quantitySchema,
  wholeSchema,
  wordsSchema,
} from "./schemas.ts";

/** What a permission requests, once the session's window is known. */
export type AskedPermission = {
  /** First second of validity (Unix time), if requested. */
  startTime: number | undefined;
  /** @param parameters.span Of the session, in seconds. `recipients`: of the rule `payee`, or anyone. */
  budgets(parameters: { span: number; recipients: readonly Address[] }): readonly Budget[];
  actions: readonly Action[];
  /** Wei. */
  gasAllowance: bigint;
  paymaster: Address;
  /** Whether a rule `payee` may be used with it. */
  takesPayee: boolean;
};

const claims = {
  justification: z.nullish(wordsSchema(500)),
  startTime: z.nullish(wholeSchema(2 ** 47)),
};
const allowance = { ...claims, allowanceAmount: amountSchema };
const periodic = { ...claims, periodAmount: amountSchema, periodDuration: wholeSchema(2 ** 32) };
const stream = {
  ...claims,
  initialAmount: z.nullish(amountSchema),
  // MetaMask writes the largest number if a stream has no maximum.
  maxAmount: z.nullish(
    z
      .pipe(
        quantitySchema,
        z.transform((text) => (BigInt(text) === maxUint256 ? maxUint128 : BigInt(text))),
      )
      .check(z.refine((amount) => amount <= maxUint128, "more than 128 bits")),
  ),
  amountPerSecond: amountSchema,
};
const ofToken = { tokenAddress: addressSchema };
const namesToken = z.refine<{ tokenAddress: Address }>(
  ({ tokenAddress }) => BigInt(tokenAddress) !== 0n,
  "not a token",
);
const flows = z.refine<{ amountPerSecond: bigint }>(
  ({ amountPerSecond }) => amountPerSecond > 0n,
  "must be above zero",
);

/** A permission to move one token: no calls, no userOps, no signatures. */
const asked = (
  startTime: number | null | undefined,
  budget: (span: number) => Omit<Budget, "signatures" | "sizes" | "recipients">,
): AskedPermission => ({
  startTime: startTime ?? undefined,
  budgets: ({ span, recipients }) => [{ ...budget(span), signatures: 0, sizes: 0, recipients }],
  actions: [],
  gasAllowance: 0n,
  paymaster: zeroAddress,
  takesPayee: true,
});

const ofAllowance = (token: Address, data: z.output<z.ZodMiniObject<typeof allowance>>) =>
  asked(data.startTime, (span) => ({
    token,
    perTransaction: data.allowanceAmount,
    perPeriod: data.allowanceAmount,
    period: span,
    initial: 0n,
    perSecond: 0n,
  }));

const ofPeriodic = (token: Address, data: z.output<z.ZodMiniObject<typeof periodic>>) =>
  asked(data.startTime, () => ({
    token,
    perTransaction: data.periodAmount,
    perPeriod: data.periodAmount,
    period: data.periodDuration,
    initial: 0n,
    perSecond: 0n,
  }));

const ofStream = (token: Address, data: z.output<z.ZodMiniObject<typeof stream>>) =>
  asked(data.startTime, (span) => ({
    token,
    perTransaction: data.maxAmount ?? maxUint128,
    perPeriod: data.maxAmount ?? maxUint128,
    period: span,
    initial: data.initialAmount ?? 0n,
    perSecond: data.amountPerSecond,
  }));

const latchkeySchema = z.strictObject({
  budgets: z
    .array(
      z.strictObject({
        token: addressSchema,
        perTransaction: amountSchema,
        perPeriod: amountSchema,
        period: wholeSchema(2 ** 32),
        initial: amountSchema,
        perSecond: amountSchema,
        signatures: wholeSchema(7),
        sizes: wholeSchema(9),
        recipients: z.array(addressSchema).check(z.minLength(1), z.maxLength(32)),
      }),
    )
    .check(z.maxLength(8)),
  actions: z
    .array(
      z.strictObject({
        target: addressSchema,
        selector: bytesSchema(4),
        rules: z
          .array(z.strictObject({ offset: wholeSchema(2 ** 16), op: wholeSchema(6), value: bytesSchema(32) }))
          .check(z.maxLength(8)),
      }),
    )
    .check(z.maxLength(32)),
  gasAllowance: amountSchema,
  paymaster: addressSchema,
  justification: z.nullish(wordsSchema(500)),
});

/** The type with a whole session as its data. */
export const LATCHKEY_SESSION = "latchkey-session";

/**
 * How each supported type of permission becomes part of a session. MetaMask's types work as its delegations do:
 * a stream fills once, from its start to its maximum; a payment is only limited by what has accrued.
 */
export const permissionTypes: { readonly [type: string]: z.ZodMiniType<AskedPermission> } = {
  "native-token-allowance": z.pipe(
    z.strictObject(allowance),
    z.transform((data) => ofAllowance(zeroAddress, data)),
  ),
  "native-token-periodic": z.pipe(
    z.strictObject(periodic),
    z.transform((data) => ofPeriodic(zeroAddress, data)),
  ),
  "native-token-stream": z.pipe(
    z.strictObject(stream).check(flows),
    z.transform((data) => ofStream(zeroAddress, data)),
  ),
  "erc20-token-allowance": z.pipe(
    z.strictObject({ ...allowance, ...ofToken }).check(namesToken),
    z.transform((data) => ofAllowance(getAddress(data.tokenAddress), data)),
  ),
  "erc20-token-periodic": z.pipe(
    z.strictObject({ ...periodic, ...ofToken }).check(namesToken),
    z.transform((data) => ofPeriodic(getAddress(data.tokenAddress), data)),
  ),
  "erc20-token-stream": z.pipe(
    z.strictObject({ ...stream, ...ofToken }).check(namesToken, flows),
    z.transform((data) => ofStream(getAddress(data.tokenAddress), data)),
  ),
  [LATCHKEY_SESSION]: z.pipe(
    latchkeySchema,
    z.transform(
      ({ budgets, actions, gasAllowance, paymaster }: z.output<typeof latchkeySchema>): AskedPermission => ({
        startTime: undefined,
        budgets: () =>
          budgets.map((budget) => ({
            ...budget,
            token: getAddress(budget.token),
            recipients: budget.recipients.map((recipient) => getAddress(recipient)),
          })),
        actions: actions.map(({ target, ...action }) => ({ target: getAddress(target), ...action })),
        gasAllowance,
        paymaster: getAddress(paymaster),
        takesPayee: false,
      }),
    ),
  ),
};

/** The recipients without a rule `payee`. */
export const NO_PAYEE: readonly Address[] = [ANYONE];
