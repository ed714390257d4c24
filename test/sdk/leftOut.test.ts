import { deployMock, type Mock } from "@latchkey/accounts/deployMock";
import { installWeth, WETH, wethAbi } from "@latchkey/devchain";
import {
  type CallRequest,
  decodeError,
  execute,
  executeSigned,
  type Grant,
  InvalidInput,
  isRefusal,
  pay,
} from "@latchkey/sdk";
import { sessionModuleAbi } from "@latchkey/sdk/abis";
import {
  encodeExecute,
  encodeExecuteSigned,
  encodePay,
  encodeRenounce,
  encodeSession,
  signExecution,
  type WholeParts,
} from "@latchkey/sdk/encoding";
import { expect } from "chai";
import { type Address, decodeFunctionData, encodeFunctionData, erc20Abi, type Hex, size } from "viem";
import { type LeftOut, sessionBytes } from "../contracts/sessionBytes.ts";
import { agent, balanceOf, grantOf, mined, refusalOf, shop, USD, useSafe, walletOf } from "./safeFixture.ts";

const transfer = (token: Address, amount = 1n, to: Address = shop): CallRequest => ({
  to: token,
  data: encodeFunctionData({ abi: erc20Abi, functionName: "transfer", args: [to, amount] }),
});

describe("what travels of a session of three budgets and an action", function () {
  this.timeout(60_000);
  const world = useSafe("1.4.1");
  let counter: Mock;
  let grant: Grant;
  let usdc: Address;
  beforeEach(async () => {
    const { env, safe } = world();
    await installWeth(env.testChain);
    counter = await deployMock(env.testChain, "Counter");
    await env.testChain.send({
      from: safe.address,
      to: WETH,
      value: 100n,
      data: encodeFunctionData({ abi: wethAbi, functionName: "deposit" }),
    });
    usdc = env.usdc.address;
    const limits = { perTransaction: "1", perDay: "2", recipients: [shop] };
    grant = await grantOf(world(), {
      budgets: {
        usdc: limits,
        native: limits,
        [WETH]: limits,
      },
      actions: [{ target: counter.address, function: "function increment()", where: "any arguments" }],
    });
  });

  const session = () => grant.session;
  const agentWallet = () => walletOf(world(), agent);
  /** The session and the grant that a call of the module carries. */
  const carriedBy = (data: Hex): [session: Hex, grant: Hex] => {
    const { args } = decodeFunctionData({ abi: sessionModuleAbi, data });
    return [args?.[0] as Hex, args?.[1] as Hex];
  };
  const bytesOf = (leftOut?: LeftOut) => sessionBytes(session(), leftOut).toLowerCase();
  const sentData = async (sent: Promise<Hex>): Promise<Hex> => {
    const { transactionHash: hash } = await mined(world(), sent);
    return (await world().env.testChain.client.getTransaction({ hash })).input;
  };

  it("is everything and the grant at first, then the budget that pays alone", async () => {
    const given = { grant, token: usdc, to: shop, amount: 200_000n };
    const payShop = () => pay(agentWallet(), { grant, to: shop, amount: "0.20", token: "usdc" });
    const first = await sentData(payShop());
    expect(first).to.equal(encodePay(given).data);
    expect(carriedBy(first)).to.deep.equal([bytesOf(), grant.signature.toLowerCase()]);
    const second = await sentData(payShop());
    expect(second).to.equal(encodePay({ ...given, isEnabled: true }).data);
    expect(carriedBy(second)).to.deep.equal([bytesOf({ budgets: [1, 2], actions: true }), "0x"]);
    expect(await balanceOf(world(), shop)).to.equal(400_000n);
  });

  it("is paid by the module's pay, byte by byte", () => {
    const given = { grant, token: WETH, to: shop, amount: 5n };
    for (const isEnabled of [false, true]) {
      const bytes = bytesOf(isEnabled ? { budgets: [0, 1], actions: true } : undefined) as Hex;
      expect(encodePay({ ...given, isEnabled })).to.deep.equal({
        to: grant.module,
        value: 0n,
        data: encodeFunctionData({
          abi: sessionModuleAbi,
          functionName: "pay",
          args: [bytes, isEnabled ? "0x" : grant.signature, WETH, shop, 5n],
        }).toLowerCase(),
      });
    }
    // What no budget is for goes whole, and the module says why not.
    expect(carriedBy(encodePay({ ...given, token: counter.address, isEnabled: true }).data)[0]).to.equal(
      bytesOf(),
    );
  });

  it("is the budgets that payments need, in a batch of them as in a signed one", async () => {
    await mined(world(), pay(agentWallet(), { grant, to: shop, amount: "0.20", token: "usdc" }));
    const calls = [transfer(usdc, 1n), transfer(WETH, 2n), transfer(usdc, 3n)];
    const left = { budgets: [1], actions: true };
    const data = await sentData(execute(agentWallet(), { grant, calls }));
    expect(data).to.equal(encodeExecute({ grant, calls, isEnabled: true }).data);
    expect(carriedBy(data)).to.deep.equal([bytesOf(left), "0x"]);
    const deadline = grant.session.validUntil - 1;
    const signed = await signExecution(agent, { grant, calls, caller: "anyone", deadline });
    const relayed = await sentData(executeSigned(agentWallet(), { grant, signed }));
    expect(carriedBy(relayed)[0]).to.be.oneOf([bytesOf(left), bytesOf()]);
    expect(carriedBy(encodeExecuteSigned({ grant, signed, isEnabled: true }).data)).to.deep.equal([
      bytesOf(left),
      "0x",
    ]);
    const held = await world().env.testChain.client.readContract({
      address: WETH,
      abi: wethAbi,
      functionName: "balanceOf",
      args: [shop],
    });
    expect(held).to.equal(4n);
  });

  it("is everything where what the calls do is measured, and for an action", async () => {
    await mined(world(), pay(agentWallet(), { grant, to: shop, amount: "0.20", token: "usdc" }));
    const measured: Record<string, CallRequest[]> = {
      "an action": [{ to: counter.address, data: counter.encode("increment") }],
      "a payment beside an action": [
        transfer(usdc),
        { to: counter.address, data: counter.encode("increment") },
      ],
      "native coin": [{ to: shop, value: 1n }],
    };
    for (const [what, calls] of Object.entries(measured)) {
      const data = await sentData(execute(agentWallet(), { grant, calls }));
      expect(carriedBy(data), what).to.deep.equal([bytesOf(), "0x"]);
    }
  });

  it("is everything for what only looks like a payment", () => {
    const approve = encodeFunctionData({ abi: erc20Abi, functionName: "approve", args: [shop, 1n] });
    const paying = transfer(usdc).data as Hex;
    const calls: Record<string, CallRequest> = {
      "an approval": { to: usdc, data: approve },
      "a payment that sends native coin": { to: usdc, data: paying, value: 1n },
      "a payment with a byte behind": { to: usdc, data: `${paying}00` },
      "a payment that is cut short": { to: usdc, data: paying.slice(0, -2) as Hex },
      "a payment of a token without a budget": { to: counter.address, data: paying },
    };
    for (const [what, call] of Object.entries(calls))
      for (const made of [[call], [transfer(usdc), call]])
        expect(carriedBy(encodeExecute({ grant, calls: made, isEnabled: true }).data), what).to.deep.equal([
          bytesOf(),
          "0x",
        ]);
  });

  it("is enough for the module to say what is wrong with a payment", async () => {
    await mined(world(), pay(agentWallet(), { grant, to: shop, amount: "0.20", token: "usdc" }));
    const codeOf = async (...calls: CallRequest[]) =>
      (await refusalOf(execute(agentWallet(), { grant, calls }))).code;
    expect(await codeOf(transfer(usdc, USD + 1n))).to.equal("PER_TRANSACTION");
    expect(await codeOf(transfer(usdc, 1n, agent.address))).to.equal("RECIPIENT");
    expect(await codeOf(transfer(counter.address))).to.equal("CALL_NOT_ALLOWED");
    expect(
      (await refusalOf(pay(agentWallet(), { grant, to: agent.address, amount: "1", token: "usdc" }))).code,
    ).to.equal("RECIPIENT");
  });

  it("is nothing whole where the key gives it back, which that does not need", async () => {
    const { data } = encodeRenounce(grant);
    const [bytes] = decodeFunctionData({ abi: sessionModuleAbi, data }).args as [Hex];
    expect(bytes).to.equal(bytesOf({ budgets: [0, 1, 2], actions: true }));
    expect(size(bytes)).to.be.lessThan(40 + 20 + 4 * 33 + 8);
    await mined(world(), agentWallet().sendTransaction(encodeRenounce(grant)));
    expect(
      (await refusalOf(pay(agentWallet(), { grant, to: shop, amount: "1", token: "usdc" }))).code,
    ).to.equal("REVOKED");
  });

  it("is refused as PART_LEFT_OUT where a caller leaves out what is needed, naming the parts", async () => {
    await mined(world(), pay(agentWallet(), { grant, to: shop, amount: "0.20", token: "usdc" }));
    const attempt = async (whole: WholeParts, calls: CallRequest[], signature: Hex = "0x") => {
      const data = encodeFunctionData({
        abi: sessionModuleAbi,
        functionName: "execute",
        args: [
          encodeSession(session(), whole),
          signature,
          calls.map((call) => ({
            target: "to" in call ? call.to : call.target,
            value: call.value ?? 0n,
            data: call.data ?? "0x",
          })),
        ],
      });
      const client = agentWallet();
      try {
        await world().env.testChain.client.call({ account: client.account, to: grant.module, data });
      } catch (error) {
        const refusal = decodeError(error);
        return [refusal.code, refusal.details.parts];
      }
      return undefined;
    };
    const count: CallRequest = { to: counter.address, data: counter.encode("increment") };
    expect(await attempt({ budgets: [0], actions: false }, [transfer(usdc)])).to.equal(undefined);
    const code = "PART_LEFT_OUT";
    expect(await attempt({ budgets: [1, 2], actions: true }, [transfer(usdc)])).to.deep.equal([code, 1n]);
    expect(await attempt({ budgets: [0, 1, 2], actions: false }, [count])).to.deep.equal([code, 256n]);
    expect(await attempt({ budgets: [0, 2], actions: true }, [count])).to.deep.equal([code, 2n]);
    expect(await attempt({ budgets: [], actions: false }, [count])).to.deep.equal([code, 263n]);
  });

  it("is read completely or not at all by every encoder: no list of budgets is an input that is refused", () => {
    for (const budgets of [undefined, null, "0", 0])
      try {
        encodeSession(session(), { budgets: budgets as never, actions: true });
        expect.fail("it was encoded");
      } catch (error) {
        expect(error).to.be.instanceOf(InvalidInput);
        expect(isRefusal(error, "INVALID_INPUT")).to.equal(true);
      }
  });
});
