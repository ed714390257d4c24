import { ANYONE, type Session } from "@latchkey/sdk";
import type { TokenFacts } from "@latchkey/sdk/review";
import { useState } from "react";
import { formatUnits, isAddressEqual } from "viem";
import { AddressText } from "../ui/AddressText.tsx";
import { Field } from "../ui/Field.tsx";
import { momentText } from "../ui/momentText.ts";
import { readAmount } from "./amountInput.ts";
import type { BudgetLowering, Lowering } from "./lowerSession.ts";
import { momentInput, readMomentInput } from "./momentInput.ts";
import { periodWords } from "./periodWords.ts";

/** The last day of the year 9999, in seconds: date fields end long before the maximum on chain. */
const LAST_DATE = 253_402_214_400;

/**
 * Lets the user lower the requested limits. Changes apply immediately and show in the rows above; invalid values are
 * marked, and nothing can be allowed until they are corrected.
 *
 * @param props.requested As requested.
 * @param props.onChange Called with the lowered limits, and whether every field is valid.
 */
export function LowerForm({
  requested,
  tokens,
  now,
  onChange,
}: {
  requested: Session;
  tokens: readonly TokenFacts[];
  now: number;
  onChange: (lowering: Lowering, isRight: boolean) => void;
}) {
  const [typed, setTyped] = useState<{ readonly [field: string]: string }>({});
  const [lowering, setLowering] = useState<Lowering>({});
  const [errors, setErrors] = useState<{ readonly [field: string]: string | undefined }>({});

  const change = (next: Lowering, field?: { name: string; text: string; error: string | undefined }) => {
    const nextErrors = field ? { ...errors, [field.name]: field.error } : errors;
    if (field) setTyped({ ...typed, [field.name]: field.text });
    setErrors(nextErrors);
    setLowering(next);
    onChange(
      next,
      Object.values(nextErrors).every((error) => error === undefined),
    );
  };
  const changeBudget = (index: number, budget: BudgetLowering): Lowering => ({
    ...lowering,
    budgets: { ...lowering.budgets, [index]: { ...lowering.budgets?.[index], ...budget } },
  });

  const typeAmount = (
    index: number,
    limit: "perTransaction" | "perPeriod",
    text: string,
    decimals: number,
    most: bigint,
  ) => {
    const name = `${index} ${limit}`;
    const { amount, error } = readAmount(text, decimals, most);
    change(amount === undefined ? lowering : changeBudget(index, { [limit]: amount }), { name, text, error });
  };

  const typeEnd = (text: string) => {
    const at = readMomentInput(text);
    // The field has no seconds: showing the requested moment must not lower it.
    const until = text === momentInput(Math.min(requested.validUntil, LAST_DATE)) ? requested.validUntil : at;
    const error =
      until === undefined
        ? "Choose a day and a time."
        : until > requested.validUntil
          ? "Choose a time no later than requested."
          : until * 1000 <= now || until <= requested.validAfter
            ? "This time has already passed."
            : undefined;
    change(error || until === undefined ? lowering : { ...lowering, until }, { name: "until", text, error });
  };

  return (
    <div className="stack">
      {requested.budgets.map((budget, index) => {
        const facts = tokens[index];
        if (!facts) return null;
        const name = requested.budgets.length > 1 ? ` (${facts.symbol})` : "";
        const words = periodWords(budget.period, requested.validUntil - requested.validAfter);
        const limits = [
          ["perTransaction", `Each payment at most${name}`],
          ["perPeriod", `${words.each} at most${name}`],
        ] as const;
        return (
          <fieldset className="stack" key={budget.token}>
            {limits.map(([limit, label]) => (
              <Field
                key={limit}
                label={label}
                hint={`Requested: ${formatUnits(budget[limit], facts.decimals)} ${facts.symbol}`}
                error={errors[`${index} ${limit}`]}
              >
                {(control) => (
                  <span className="input--with-unit">
                    <input
                      {...control}
                      className="input"
                      inputMode="decimal"
                      autoComplete="off"
                      maxLength={80}
                      value={typed[`${index} ${limit}`] ?? formatUnits(budget[limit], facts.decimals)}
                      onChange={(event) =>
                        typeAmount(index, limit, event.target.value, facts.decimals, budget[limit])
                      }
                    />
                    <bdi>{facts.symbol}</bdi>
                  </span>
                )}
              </Field>
            ))}
            {budget.recipients.length > 1 && (
              <fieldset>
                <legend>May be paid{name}</legend>
                {budget.recipients.map((recipient) => {
                  const without = lowering.budgets?.[index]?.without ?? [];
                  const isOut = without.some((one) => isAddressEqual(one, recipient));
                  return (
                    <label className="choice" key={recipient}>
                      <input
                        type="checkbox"
                        checked={!isOut}
                        // At least one recipient must remain: to pay nobody, decline.
                        disabled={!isOut && without.length === budget.recipients.length - 1}
                        onChange={() =>
                          change(
                            changeBudget(index, {
                              without: isOut
                                ? without.filter((one) => !isAddressEqual(one, recipient))
                                : [...without, recipient],
                            }),
                          )
                        }
                      />
                      {isAddressEqual(recipient, ANYONE) ? "Anyone" : <AddressText address={recipient} />}
                    </label>
                  );
                })}
              </fieldset>
            )}
          </fieldset>
        );
      })}
      {requested.actions.length > 0 && (
        <fieldset>
          <legend>May call</legend>
          {requested.actions.map(({ target, selector }, index) => {
            const without = lowering.withoutActions ?? [];
            const isOut = without.includes(index);
            return (
              // biome-ignore lint/suspicious/noArrayIndexKey: actions may be identical, and their order never changes
              <label className="choice" key={index}>
                <input
                  type="checkbox"
                  checked={!isOut}
                  onChange={() =>
                    change({
                      ...lowering,
                      withoutActions: isOut ? without.filter((one) => one !== index) : [...without, index],
                    })
                  }
                />
                <span>
                  <code>{selector}</code> of <AddressText address={target} />
                </span>
              </label>
            );
          })}
        </fieldset>
      )}
      <Field
        label="Ends"
        hint={
          requested.validUntil > LAST_DATE
            ? "Asked: practically never"
            : `Asked: ${momentText(requested.validUntil)}`
        }
        error={errors.until}
      >
        {(control) => (
          <input
            {...control}
            className="input"
            type="datetime-local"
            value={typed.until ?? momentInput(Math.min(requested.validUntil, LAST_DATE))}
            onChange={(event) => typeEnd(event.target.value)}
          />
        )}
      </Field>
    </div>
  );
}
