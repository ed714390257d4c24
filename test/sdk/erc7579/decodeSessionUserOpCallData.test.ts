import { type Budget, isRefusal, type Session } from "@latchkey/sdk";
import { sessionModuleAbi } from "@latchkey/sdk/abis";
import { hashActions, hashBudget } from "@latchkey/sdk/encoding";
import {
  BATCH_CALL_MODE,
  decodeSessionUserOpCallData,
  encodePaymentUserOpCallData,
  encodeSessionUserOpCallData,
  erc7579Abi,
  SINGLE_CALL_MODE,
} from "@latchkey/sdk/erc7579";
import { expect } from "chai";
import {
  type Address,
  concat,
  encodeFunctionData,
  encodePacked,
  erc20Abi,
  getAddress,
  type Hex,
  numberToHex,
  pad,
  size,
  slice,
  zeroAddress,
} from "viem";
import { type LeftOut, sessionBytes } from "../../contracts/sessionBytes.ts";

const address = (n: number): Address => getAddress(pad(numberToHex(n), { size: 20 }));
const [module, token, to] = [address(0x5e55), address(0x70ce), address(0xa11ce)];

const session: Session = {
  account: address(0xacc),
  key: address(0x4e),
  validAfter: 1_700_000_000,
  validUntil: 1_800_000_000,
  epoch: 0n,
  salt: 1n,
  gasAllowance: 1n,
  paymaster: zeroAddress,
  budgets: [
    {
      token,
      perTransaction: 5n,
      perPeriod: 7n,
      period: 60,
      initial: 0n,
      perSecond: 0n,
      signatures: 0,
      sizes: 0,
      recipients: [to],
    },
    {
      token: zeroAddress,
      perTransaction: 1n,
      perPeriod: 2n,
      period: 60,
      initial: 1n,
      perSecond: 1n,
      signatures: 0,
      sizes: 0,
      recipients: [to],
    },
  ],
  actions: [{ target: address(0x7a), selector: "0x12345678", rules: [] }],
};
const signature = "0x1234";
const payment = { token, to, amount: 5n };
const transfer = encodeFunctionData({ abi: erc20Abi, functionName: "transfer", args: [to, 5n] });
const calls = [{ target: token, value: 0n, data: transfer }];

/** callData by which an account makes one call. */
const executing = (
  { target = token, value = 0n, data = transfer }: { target?: Address; value?: bigint; data?: Hex } = {},
  mode: Hex = SINGLE_CALL_MODE,
): Hex =>
  encodeFunctionData({
    abi: erc7579Abi,
    functionName: "execute",
    args: [mode, encodePacked(["address", "uint256", "bytes"], [target, value, data])],
  });
/** The module's execute of a session's bytes. */
const executionOf = (bytes: Hex, grant: Hex = signature): Hex =>
  encodeFunctionData({
    abi: sessionModuleAbi,
    functionName: "execute",
    args: [bytes.toLowerCase() as Hex, grant, calls],
  });
const inModule = executionOf(sessionBytes(session));

const codeOf = (callData: Hex) => {
  try {
    return decodeSessionUserOpCallData(callData, module).form;
  } catch (error) {
    return isRefusal(error) ? error.code : error;
  }
};

describe("reading the callData of a session's userOp", () => {
  const payingByAccount = encodePaymentUserOpCallData(payment);
  const executingByModule = encodeSessionUserOpCallData({ session: { module, session }, signature, calls });

  it("gives back what was encoded, in either form", () => {
    expect(size(payingByAccount)).to.equal(228);
    expect(decodeSessionUserOpCallData(payingByAccount, module)).to.deep.equal({
      form: "payment",
      payment,
      calls,
    });
    expect(decodeSessionUserOpCallData(executingByModule, module)).to.deep.equal({
      form: "execution",
      session,
      signature,
      calls,
    });
    // As written here by hand, too.
    expect(executing()).to.equal(payingByAccount);
    expect(executing({ target: module, data: inModule })).to.equal(executingByModule);
  });

  it("gives hashes for what is left out, as it is where the session is enabled", () => {
    const callData = encodeSessionUserOpCallData({ session: { module, session }, calls });
    const leftOut: LeftOut = { budgets: [1], actions: true };
    expect(callData).to.equal(
      executing({ target: module, data: executionOf(sessionBytes(session, leftOut), "0x") }),
    );
    const decoded = decodeSessionUserOpCallData(callData, module);
    if (decoded.form !== "execution") throw new Error(decoded.form);
    expect(decoded.signature).to.equal("0x");
    expect(decoded.session).to.deep.equal({
      ...session,
      budgets: [session.budgets[0], hashBudget(session.budgets[1] as Budget)],
      actions: hashActions(session.actions),
    });
  });

  it("does not mind how hex is written", () => {
    expect(codeOf(`0x${payingByAccount.slice(2).toUpperCase()}`)).to.equal("payment");
    expect(codeOf(`0x${executingByModule.slice(2).toUpperCase()}`)).to.equal("execution");
  });

  const bytes = sessionBytes(session);
  const approve = encodeFunctionData({ abi: erc20Abi, functionName: "approve", args: [to, 5n] });
  const pull = encodeFunctionData({ abi: erc20Abi, functionName: "transferFrom", args: [to, token, 5n] });
  const renounce = encodeFunctionData({ abi: sessionModuleAbi, functionName: "renounce", args: [bytes] });
  const dirty = concat([slice(transfer, 0, 4), "0x01", slice(transfer, 5)]);
  const uninstall = encodeFunctionData({
    abi: erc7579Abi,
    functionName: "uninstallModule",
    args: [1n, module, "0x"],
  });
  const others: Record<string, Hex> = {
    nothing: "0x",
    "a selector alone": slice(payingByAccount, 0, 4),
    "another function of the account": uninstall,
    "a payment with a byte behind": concat([payingByAccount, "0x00"]),
    "a payment with a byte missing": slice(payingByAccount, 0, 227),
    "a payment with padding that is not zero": concat([slice(payingByAccount, 0, 227), "0x01"]),
    "a payment whose execution begins elsewhere": concat([
      slice(payingByAccount, 0, 36),
      pad(numberToHex(96), { size: 32 }),
      pad("0x00", { size: 32 }),
      slice(payingByAccount, 68),
    ]),
    "a payment with value": executing({ value: 1n }),
    "a payment as a batch": executing({}, BATCH_CALL_MODE),
    "a payment by a mode that swallows failures": executing({}, pad("0x0001", { dir: "right", size: 32 })),
    "a payment by delegatecall": executing({}, pad("0xff", { dir: "right", size: 32 })),
    "a payment behind executeUserOp's selector": concat(["0x8dd7712f", payingByAccount]),
    "a recipient with other bytes in front": executing({ data: dirty }),
    "a transfer with a byte behind": executing({ data: concat([transfer, "0x00"]) }),
    "an approval": executing({ data: approve }),
    "a pull": executing({ data: pull }),
    "ether alone": executing({ value: 1n, data: "0x" }),
    "no call at all": executing({ data: "0x" }),
    "an execution cut off in its target": encodeFunctionData({
      abi: erc7579Abi,
      functionName: "execute",
      args: [SINGLE_CALL_MODE, "0x1234"],
    }),
    "another function of the module": executing({ target: module, data: renounce }),
    "a transfer of the module's": executing({ target: module }),
    "an execution by another module": executing({ data: inModule }),
    "an execution with value": executing({ target: module, data: inModule, value: 1n }),
    "an execution with a byte behind": concat([executingByModule, "0x00"]),
    "an execution with a byte behind its calls": executing({
      target: module,
      data: concat([inModule, "0x00"]),
    }),
    "an execution of a session that is cut short": executing({
      target: module,
      data: executionOf(slice(bytes, 0, size(bytes) - 1)),
    }),
    "an execution of a session with a byte behind": executing({
      target: module,
      data: executionOf(concat([bytes, "0x00"])),
    }),
    "an execution of no session": executing({ target: module, data: executionOf("0x") }),
    "an execution as a batch": executing({ target: module, data: inModule }, BATCH_CALL_MODE),
  };
  for (const [name, callData] of Object.entries(others))
    it(`refuses ${name}`, () => {
      expect(codeOf(callData)).to.equal("INVALID_CALLDATA");
    });
});
