import { type Address, concat, encodeFunctionData, type Hex, numberToHex, pad, zeroAddress } from "viem";
import type { Call, Session } from "#sdk/session/Session.ts";
import { NATIVE } from "../model/Ledger.ts";
import { PERMIT2 } from "../model/typedData.ts";
import { outsider, payees } from "./actors.ts";
import { exchange, exchangeCall } from "./exchange.ts";
import type { Scene } from "./Scene.ts";
import {
  type AmountPlan,
  budgetIndexOf,
  type CallPlan,
  HANDLER_SELECTOR,
  type PartyPlan,
} from "./scenario.ts";
import { tokenAbi } from "./tokenAbi.ts";

/** The amount that a plan means, in base units or wei; of a token without a budget next to nothing. */
export function amountOf(scene: Scene, session: Session, token: Address, plan: AmountPlan): bigint {
  const index = budgetIndexOf(session, token);
  const budget = session.budgets[index];
  if (!budget) return plan === "zero" ? 0n : 1n;
  const { perTransaction } = budget;
  const { released, spent } = scene.model.budgetOf(session, index);
  const left = released - spent;
  const periodIsTighter = left < perTransaction;
  if (typeof plan === "object") return (perTransaction * BigInt(plan.share)) / 1000n;
  return {
    zero: 0n,
    one: 1n,
    perTransaction,
    "perTransaction + 1": perTransaction + 1n,
    "just past what is left": periodIsTighter ? left + 1n : perTransaction,
    "the most allowed": periodIsTighter ? left : perTransaction,
  }[plan];
}

/** Whose address a plan means. */
export function partyOf(scene: Scene, plan: PartyPlan): Address {
  return {
    "first payee": payees[0],
    "second payee": payees[1],
    outsider,
    exchange,
    account: scene.account.address,
  }[plan];
}

/** The calls that a plan means for the session, as its budgets stand now. */
export function callsOf(scene: Scene, session: Session, plan: CallPlan): Call[] {
  const usdc = scene.ground.usdc.address;
  const account = scene.account.address;
  const token = (functionName: "transfer" | "approve", to: Address, amount: bigint): Call => ({
    target: usdc,
    value: 0n,
    data: encodeFunctionData({ abi: tokenAbi, functionName, args: [to, amount] }),
  });
  switch (plan.call) {
    case "pay":
      return [token("transfer", partyOf(scene, plan.to), amountOf(scene, session, usdc, plan.amount))];
    case "pay native": {
      const target = partyOf(scene, plan.to);
      return [{ target, value: amountOf(scene, session, NATIVE, plan.amount), data: "0x" }];
    }
    case "approve":
      return [token("approve", partyOf(scene, plan.to), amountOf(scene, session, usdc, plan.amount))];
    case "approve and use": {
      const take = amountOf(scene, session, usdc, plan.amount);
      const trade = exchangeCall({ token: usdc, from: account, to: payees[1], take, give: 0n }, 0n);
      return [token("approve", exchange, take), trade];
    }
    case "approve and clear": {
      const spender = partyOf(scene, plan.to);
      const amount = amountOf(scene, session, usdc, plan.amount);
      return [token("approve", spender, amount), token("approve", spender, 0n)];
    }
    case "exchange": {
      const take = amountOf(scene, session, usdc, plan.take);
      const give = amountOf(scene, session, usdc, plan.give);
      const value = amountOf(scene, session, NATIVE, plan.value);
      const call = exchangeCall(
        { token: usdc, from: account, to: partyOf(scene, plan.to), take, give },
        value,
      );
      return [plan.selector ? call : { ...call, data: concat(["0x00000000", `0x${call.data.slice(10)}`]) }];
    }
    case "touch": {
      const trade = { token: zeroAddress, from: account, to: account, take: 0n, give: 0n };
      return [exchangeCall(trade, amountOf(scene, session, NATIVE, plan.value))];
    }
    case "forbidden":
      return [forbiddenCall(scene, plan.form)];
  }
}

function forbiddenCall(scene: Scene, form: Extract<CallPlan, { call: "forbidden" }>["form"]): Call {
  const usdc = scene.ground.usdc.address;
  const account = scene.account.address;
  const args = [payees[0], 1n] as const;
  const transfer = encodeFunctionData({ abi: tokenAbi, functionName: "transfer", args });
  const plain = (target: Address, data: Hex, value = 0n): Call => ({ target, data, value });
  switch (form) {
    case "to nobody":
      return plain(zeroAddress, "0x", 1n);
    case "to the account":
      return plain(account, HANDLER_SELECTOR);
    case "to the module":
      return plain(scene.ground.module, scene.ground.encode("revokeAll", []));
    case "to the handler":
      return plain(scene.account.handler, HANDLER_SELECTOR);
    case "transferFrom":
      return plain(
        usdc,
        encodeFunctionData({ abi: tokenAbi, functionName: "transferFrom", args: [account, ...args] }),
      );
    case "increaseAllowance":
      return plain(usdc, encodeFunctionData({ abi: tokenAbi, functionName: "increaseAllowance", args }));
    case "transfer with a dirty address":
      return plain(
        usdc,
        concat([
          "0xa9059cbb",
          pad("0x01", { size: 12, dir: "right" }),
          args[0],
          numberToHex(1, { size: 32 }),
        ]),
      );
    case "transfer with a byte too many":
      return plain(usdc, concat([transfer, "0x00"]));
    case "transfer with value":
      return plain(usdc, transfer, 1n);
    case "three bytes":
      return plain(exchange, "0xe8c4a1");
    case "value to the exchange, no calldata":
      return plain(exchange, "0x", 1n);
    case "transfer of a token without a budget":
      return plain(exchange, transfer);
    case "value to USDC, no calldata":
      return plain(usdc, "0x", 1n);
    case "to Permit2":
      return plain(PERMIT2, HANDLER_SELECTOR);
    case "approve Permit2":
      return plain(usdc, encodeFunctionData({ abi: tokenAbi, functionName: "approve", args: [PERMIT2, 1n] }));
  }
}
