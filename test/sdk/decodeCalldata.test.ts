import {
  type Call,
  erc7579SessionModuleAddress,
  GRANT_VERSION,
  type Grant,
  hashSession,
  InvalidInput,
  safeSessionHandlerAddress,
  safeSessionModuleAddress,
} from "@latchkey/sdk";
import {
  erc7579SessionModuleAbi,
  safeSessionHandlerAbi,
  safeSessionModuleAbi,
  sessionLensAbi,
  sessionModuleAbi,
} from "@latchkey/sdk/abis";
import { deterministicAddresses, sessionLensAddress } from "@latchkey/sdk/addresses";
import {
  decodeCalldata,
  encodeEnable,
  encodeExecute,
  encodeExecuteSigned,
  encodePause,
  encodePay,
  encodePayload,
  encodePermissionContext,
  encodeRenounce,
  encodeResume,
  encodeRevoke,
  encodeRevokeAll,
  encodeSession,
  hashActions,
  hashBudget,
  packSession,
} from "@latchkey/sdk/encoding";
import {
  encodePaymentUserOpCallData,
  encodePaymentUserOpSignature,
  encodeSessionUserOpCallData,
  erc7579Installation,
} from "@latchkey/sdk/erc7579";
import { expect } from "chai";
import {
  type Abi,
  type AbiFunction,
  type AbiParameter,
  concat,
  encodeAbiParameters,
  encodeFunctionData,
  type Hex,
  pad,
  size,
  slice,
  toFunctionSelector,
  toHex,
  zeroAddress,
} from "viem";
import { BATCH, batch, SINGLE, single } from "../environment/redemption.ts";
import { address, richSession as session } from "./session/richSession.ts";

const id = hashSession(session);
const module = safeSessionModuleAddress();
const [token, shop] = [session.budgets[0]?.token as Hex, address(0xc1)];
const signature: Hex = `0x${"ab".repeat(65)}`;
const grant: Grant = {
  version: GRANT_VERSION,
  chainId: 8453,
  module,
  accountKind: "safe",
  session,
  signature,
};
const call: Call = { target: address(0xd1), value: 3n, data: "0x12345678" };
/** The session, of which the first budget alone is whole. */
const paying = {
  ...session,
  budgets: session.budgets.map((one, index) => (index === 0 ? one : hashBudget(one))),
  actions: hashActions(session.actions),
};

const refusalOf = (data: Hex, options?: { to?: Hex }) => {
  try {
    decodeCalldata(data, options);
  } catch (error) {
    if (error instanceof InvalidInput) return error;
    throw error;
  }
  throw new Error("it was read");
};

describe("reading calldata", () => {
  it("is of this version's contracts: their addresses are those that the SDK says", () => {
    expect(sessionLensAddress()).to.equal(deterministicAddresses.sessionLens);
    expect(safeSessionHandlerAddress()).to.equal(deterministicAddresses.safeSessionHandler);
  });

  it("tells what a payment pays, its session whole or not, and the grant as it is", () => {
    const given = { grant, token, to: shop, amount: 5n };
    expect(decodeCalldata(encodePay(given).data)).to.deep.equal({
      functionName: "pay",
      args: { session: encodeSession(session), grant: signature, token, to: shop, amount: 5n },
      session,
      id,
    });
    expect(decodeCalldata(encodePay({ ...given, isEnabled: true }).data, { to: module })).to.deep.equal({
      functionName: "pay",
      args: {
        session: encodeSession(session, { budgets: [0], actions: false }),
        grant: "0x",
        token,
        to: shop,
        amount: 5n,
      },
      session: paying,
      id,
    });
  });

  it("tells what an execution does, signed or not", () => {
    expect(decodeCalldata(encodeExecute({ grant, calls: [call] }).data)).to.deep.equal({
      functionName: "execute",
      args: { session: encodeSession(session), grant: signature, calls: [call] },
      session,
      id,
    });
    const keySignature: Hex = `0x${"cd".repeat(65)}`;
    const signed = { calls: [call], caller: shop, nonce: 7n, deadline: 1_800_000_000, keySignature };
    expect(decodeCalldata(encodeExecuteSigned({ grant, signed }).data)).to.deep.equal({
      functionName: "executeSigned",
      args: {
        session: encodeSession(session),
        grant: signature,
        calls: [call],
        caller: shop,
        nonce: 7n,
        deadline: 1_800_000_000,
        keySignature,
      },
      session,
      id,
    });
  });

  it("tells what is redeemed, and with whose word", () => {
    const signed = {
      calls: [call, call],
      caller: shop,
      nonce: 7n,
      deadline: 1_800_000_000,
      keySignature: `0x${"cd".repeat(65)}` as Hex,
    };
    const contexts = [
      encodePermissionContext({ grant }),
      encodePermissionContext({ grant, signed, isEnabled: true }),
    ];
    const redeem = (modes: readonly Hex[], executions: readonly Hex[], of = contexts) =>
      encodeFunctionData({
        abi: sessionModuleAbi,
        functionName: "redeemDelegations",
        args: [of, modes, executions],
      });
    const decoded = decodeCalldata(redeem([SINGLE, BATCH], [single(call), batch([call, call])]));
    const { calls: _, ...terms } = signed;
    expect(decoded.functionName).to.equal("redeemDelegations");
    expect(decoded.session).to.equal(undefined);
    expect(decoded.redemptions).to.deep.equal([
      { context: { session, id, signature, signed: undefined }, calls: [call] },
      {
        context: { session: decoded.redemptions?.[1]?.context.session, id, signature: "0x", signed: terms },
        calls: [call, call],
      },
    ]);
    const native = { target: shop, value: 5n, data: "0x" as Hex };
    expect(
      decodeCalldata(redeem([SINGLE], [single(native)], contexts.slice(0, 1))).redemptions?.[0]?.calls,
    ).to.deep.equal([native]);
    for (const bad of [
      redeem([SINGLE], ["0x1234"], contexts.slice(0, 1)),
      redeem([BATCH], [single(call)], contexts.slice(0, 1)),
      redeem([SINGLE], [single(call)], ["0x"]),
      redeem([SINGLE], [single(call)], [slice(contexts[0] as Hex, 0, 64)]),
    ])
      expect(() => decodeCalldata(bad))
        .to.throw()
        .with.property("code", "INVALID_CALLDATA");
  });

  it("tells what the account and the key change", () => {
    expect(decodeCalldata(encodeEnable(grant).data)).to.deep.include({ functionName: "enable", session, id });
    const renounced = decodeCalldata(encodeRenounce(grant).data);
    expect(renounced).to.include({ functionName: "renounce", id });
    expect(renounced.session?.budgets).to.deep.equal(session.budgets.map(hashBudget));
    for (const [encode, functionName] of [
      [encodeRevoke, "revoke"],
      [encodePause, "pause"],
      [encodeResume, "resume"],
    ] as const)
      expect(decodeCalldata(encode(grant).data)).to.deep.equal({ functionName, args: { id } });
    expect(decodeCalldata(encodeRevokeAll({ module }).data)).to.deep.equal({
      functionName: "revokeAll",
      args: {},
    });
  });

  it("tells what an installation names and enables", () => {
    const [installing] = erc7579Installation({
      kind: "nexus",
      account: session.account,
      module,
      granter: "0x0102",
      sessions: [session, { ...session, key: address(9), salt: 9n }],
    });
    // The account gives the last argument on.
    const initData = `0x${(installing?.data ?? "0x").slice(2 + 8 + 64 * 4)}` as Hex;
    const onInstall = (data: Hex) =>
      encodeFunctionData({ abi: erc7579SessionModuleAbi, functionName: "onInstall", args: [data] });
    const { key, account, ...own } = session;
    expect(account).to.be.a("string");
    const packed = concat([
      "0x020102",
      key,
      packSession(session),
      address(9),
      packSession({ ...session, salt: 9n }),
    ]);
    expect(initData.toLowerCase().startsWith(packed.toLowerCase())).to.equal(true);
    expect(decodeCalldata(onInstall(packed)).installation).to.deep.equal({
      granter: "0x0102",
      sessions: [
        { key, ...own },
        { ...own, key: address(9), salt: 9n },
      ],
    });
    expect(decodeCalldata(onInstall("0x")).installation).to.deep.equal({ granter: undefined, sessions: [] });
    expect(decodeCalldata(onInstall("0x00")).installation).to.deep.equal({
      granter: undefined,
      sessions: [],
    });
    for (const wrong of [
      "0x01",
      "0x050102",
      "0x0012",
      concat(["0x00", key]),
      concat([packed, "0x00"]),
    ] as const)
      expect(refusalOf(onInstall(wrong)).code, wrong).to.equal("INVALID_CALLDATA");
  });

  const carrier = { module: erc7579SessionModuleAddress(), session };
  const payment = { token, to: shop, amount: 5n };
  const executing = encodeSessionUserOpCallData({ session: carrier, signature, calls: [call] });
  const payingOp = encodePaymentUserOpCallData(payment);

  it("tells what a session's userOp does, by its callData", () => {
    const execution = decodeCalldata(executing);
    expect(execution).to.deep.include({ functionName: "execute", session, id });
    expect(execution.userOp).to.deep.equal({ form: "execution", session, signature, calls: [call] });
    expect(execution.args).to.have.all.keys("mode", "executionCalldata");
    const charged = decodeCalldata(payingOp, { to: session.account });
    expect(charged.userOp).to.deep.include({ form: "payment", payment });
    expect(charged).not.to.have.any.keys("session", "id");
  });

  it("tells the same of the userOp that is validated, whose signature has a payment's session", () => {
    const validating = (callData: Hex, opSignature: Hex): Hex =>
      encodeFunctionData({
        abi: erc7579SessionModuleAbi,
        functionName: "validateUserOp",
        args: [
          {
            sender: session.account,
            nonce: 1n,
            initCode: "0x",
            callData,
            accountGasLimits: pad("0x"),
            preVerificationGas: 0n,
            gasFees: pad("0x"),
            paymasterAndData: "0x",
            signature: opSignature,
          },
          pad("0x01"),
        ],
      });
    expect(decodeCalldata(validating(executing, signature))).to.deep.include({
      functionName: "validateUserOp",
      session,
      id,
    });
    const opSignature = encodePaymentUserOpSignature({
      session: carrier,
      period: 4n,
      keySignature: `${pad("0x01")}${pad("0x02").slice(2)}1b`,
      payment,
    });
    expect(decodeCalldata(validating(payingOp, opSignature))).to.deep.include({ session: paying, id });
    // One of another key is the validator's to refuse.
    for (const [callData, other] of [
      ["0x12345678", signature],
      [payingOp, "0x1234"],
    ] as const)
      expect(decodeCalldata(validating(callData, other))).not.to.have.any.keys("session", "userOp");
  });

  it("tells what the key signed where a signature is asked about, and nothing of owners' signatures", () => {
    const payload = encodePayload({
      session,
      budgetIndex: 0,
      slot: { lot: 0n, size: 0, index: 0n },
      to: shop,
      value: 5n,
      validAfter: 0n,
      validBefore: 1n,
      tokenDomain: { name: "USD Coin", version: "2" },
      keySignature: `0x${"11".repeat(64)}1b`,
    });
    const hash = pad("0x02");
    const asked = (of: Hex): Hex[] => [
      encodeFunctionData({
        abi: safeSessionModuleAbi,
        functionName: "isValidSignatureFor",
        args: [session.account, hash, of],
      }),
      encodeFunctionData({
        abi: safeSessionModuleAbi,
        functionName: "isValidSafeSignature",
        args: [session.account, zeroAddress, hash, hash, hash, "0x", of],
      }),
      encodeFunctionData({
        abi: erc7579SessionModuleAbi,
        functionName: "isValidSignatureWithSender",
        args: [zeroAddress, hash, of],
      }),
      encodeFunctionData({
        abi: safeSessionHandlerAbi.filter(
          (item) => item.type === "function" && item.inputs[0]?.type === "bytes32",
        ),
        functionName: "isValidSignature",
        args: [hash, of],
      }),
    ];
    for (const data of asked(payload))
      expect(decodeCalldata(data).payload).to.deep.include({ to: shop, value: 5n, budgetIndex: 0 });
    for (const data of asked(signature)) expect(decodeCalldata(data)).not.to.have.property("payload");
  });

  it("takes what the lens is given for a session, in either of its forms", () => {
    const lens = { abi: sessionLensAbi } as const;
    const calls: Hex[] = [
      encodeFunctionData({ ...lens, functionName: "hash", args: [session] }),
      encodeFunctionData({ ...lens, functionName: "pack", args: [session] }),
      encodeFunctionData({ ...lens, functionName: "pack", args: [session, 6n] }),
      encodeFunctionData({ ...lens, functionName: "flawOf", args: [session, module] }),
      encodeFunctionData({ ...lens, functionName: "requireSame", args: [session, encodeSession(session)] }),
      encodeFunctionData({ ...lens, functionName: "unpack", args: [encodeSession(session)] }),
    ];
    for (const data of calls)
      expect(decodeCalldata(data, { to: sessionLensAddress() })).to.deep.include({ session, id });
    const [, , three] = calls as [Hex, Hex, Hex];
    expect(decodeCalldata(three).args).to.deep.include({ leftOut: 6n });
  });

  /** A value of any type. */
  function sample({ type, ...rest }: AbiParameter): unknown {
    const list = /^(.*)\[\]$/.exec(type);
    if (list) return [sample({ type: list[1] as string, ...rest })];
    if (type === "tuple")
      return Object.fromEntries(
        (rest as { components: AbiParameter[] }).components.map((one) => [one.name, sample(one)]),
      );
    if (type === "address") return shop;
    if (type === "bytes") return "0x1234";
    const bytes = /^bytes(\d+)$/.exec(type);
    if (bytes) return toHex(1, { size: Number(bytes[1]) });
    return Number(/\d+$/.exec(type)?.[0]) <= 48 ? 1 : 1n;
  }

  /** Of what the one function that takes lists of bytes can carry. */
  const redemption = {
    contexts: [encodePermissionContext({ grant })],
    modes: [SINGLE],
    executions: [single(call)],
  };

  const contracts = [
    ["the Safe module", safeSessionModuleAddress(), safeSessionModuleAbi],
    ["the ERC-7579 module", erc7579SessionModuleAddress(), erc7579SessionModuleAbi],
    ["the handler", safeSessionHandlerAddress(), safeSessionHandlerAbi],
    ["the lens", sessionLensAddress(), sessionLensAbi],
  ] as const;
  for (const [name, to, abi] of contracts)
    it(`knows every function of ${name}, there and where nobody knows what is called`, () => {
      const functions = (abi as Abi).filter((item): item is AbiFunction => item.type === "function");
      expect(functions.length).to.be.greaterThan(5);
      for (const item of functions) {
        const inSolidity = item.inputs.map((input) =>
          ["session", "packed"].includes(input.name ?? "") && input.type === "bytes"
            ? encodeSession(session)
            : input.type === "tuple" && input.name === "session"
              ? session
              : item.name === "onInstall"
                ? "0x"
                : (redemption[input.name as keyof typeof redemption] ?? sample(input)),
        );
        const data = concat([toFunctionSelector(item), encodeAbiParameters(item.inputs, inSolidity)]);
        for (const options of [{ to }, {}, { to: shop }]) {
          const { functionName, args } = decodeCalldata(data, options);
          expect(functionName).to.equal(item.name);
          expect(Object.keys(args)).to.deep.equal(
            item.inputs.map(({ name: one }, index) => one || `argument${index}`),
          );
          expect(Object.values(args)).to.deep.equal(inSolidity);
        }
      }
    });

  it("looks for the functions of the contract that is called alone, where it is known", () => {
    const { data } = encodePause(grant);
    for (const to of [sessionLensAddress(), safeSessionHandlerAddress()])
      expect(refusalOf(data, { to }).code).to.equal("INVALID_CALLDATA");
    expect(refusalOf(executing, { to: erc7579SessionModuleAddress() }).code).to.equal("INVALID_CALLDATA");
    expect(decodeCalldata(data, { to: erc7579SessionModuleAddress() }).args).to.deep.equal({ id });
  });

  it("keeps what stands behind the arguments, and does not mind how hex is written", () => {
    const { data } = encodePause(grant);
    expect(decodeCalldata(concat([data, "0xc0de"]))).to.deep.equal({
      functionName: "pause",
      args: { id },
      suffix: "0xc0de",
    });
    const { data: paid } = encodePay({ grant, token, to: shop, amount: 5n });
    expect(decodeCalldata(`0x${paid.slice(2).toUpperCase()}`)).to.deep.equal(decodeCalldata(paid));
  });

  it("can be logged as JSON, amounts as decimal strings", () => {
    const json = JSON.parse(
      JSON.stringify(decodeCalldata(encodePay({ grant, token, to: shop, amount: 5n }).data)),
    );
    expect(json.args.amount).to.equal("5");
    expect(json.session.budgets[0].perPeriod).to.equal("20000000");
  });

  const { data: enabling } = encodeEnable(grant);
  const { data: paid } = encodePay({ grant, token, to: shop, amount: 5n });
  const withSession = (bytes: Hex) =>
    encodeFunctionData({ abi: safeSessionModuleAbi, functionName: "enable", args: [bytes] });
  const refused: Record<string, Hex> = {
    nothing: "0x",
    "half a selector": "0x1234",
    "another contract's function": "0xa9059cbb",
    "a call of the account that is not a session's": encodeFunctionData({
      abi: [
        {
          type: "function",
          name: "execute",
          inputs: [{ type: "bytes32" }, { type: "bytes" }],
          outputs: [],
          stateMutability: "payable",
        },
      ],
      args: [pad("0x"), "0x1234"],
    }),
    "a userOp's callData with a byte behind": concat([payingOp, "0x00"]),
    "arguments that end too soon": slice(enabling, 0, size(enabling) - 32),
    "no arguments": slice(enabling, 0, 4),
    "an address with other bytes in front": concat([
      slice(paid, 0, 4 + 2 * 32),
      "0x01",
      slice(paid, 4 + 2 * 32 + 1),
    ]),
    "an offset other than the ABI's": concat([
      slice(enabling, 0, 4),
      pad("0x40"),
      pad("0x"),
      slice(enabling, 36),
    ]),
    "padding that is not zero": concat([slice(enabling, 0, size(enabling) - 1), "0x01"]),
    "no session": withSession("0x"),
    "a session that ends too soon": withSession(slice(encodeSession(session), 0, 100)),
    "a session with a byte behind": withSession(concat([encodeSession(session), "0x00"])),
  };
  for (const [what, data] of Object.entries(refused))
    it(`refuses ${what}`, () => {
      const refusal = refusalOf(data);
      expect(refusal.code).to.equal("INVALID_CALLDATA");
      expect(refusal.metaMessages[0]).to.be.a("string");
    });

  it("refuses invalid hex, addresses and options", () => {
    const { data } = encodePause(grant);
    for (const wrong of ["dai", "0xzz", "0x123", undefined, null, 5] as never[])
      expect(refusalOf(wrong).code).to.equal("INVALID_INPUT");
    expect(refusalOf(data, { to: "0x1234" }).code).to.equal("INVALID_ADDRESS");
    expect(refusalOf(data, null as never).code).to.equal("INVALID_INPUT");
  });
});
