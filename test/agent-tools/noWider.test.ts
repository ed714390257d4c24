import { readdirSync, readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { AgentTool } from "@latchkey/agent-tools";
import { sessionStatus } from "@latchkey/sdk";
import { encodeSession } from "@latchkey/sdk/encoding";
import { agentFolder } from "@latchkey/sdk/node";
import { expect } from "chai";
import fc from "fast-check";
import type { Hex } from "viem";
import * as z from "zod";
import { type AgentChain, startAgentChain } from "./agentChain.ts";

const STRANGER = "0x5409000000000000000000000000000000000bad";

/** Values that an attacker, or a confused model, would put into any string. */
const hostileTexts = (secrets: { key: Hex; shop: string; url: string }) =>
  fc.constantFrom(
    secrets.key,
    secrets.key.slice(2),
    STRANGER,
    "0x0000000000000000000000000000000000000000",
    secrets.shop,
    secrets.url,
    "../../key.json",
    "../key.json",
    "/etc/passwd",
    "key.json",
    "file:///etc/passwd",
    `${secrets.url}?path=../../key.json`,
    "__proto__",
    "constructor",
    '{"__proto__":{"limit":"1000000"}}',
    "1000000000000000000000000000000",
    "-1",
    "0",
    "0.01",
    "1e30",
    "NaN",
    "anyone",
    "usdc",
    "native",
    "9999d",
    "0s",
    "\u0000",
    "a".repeat(300),
  );

type JsonSchema = {
  type?: string;
  properties?: Record<string, JsonSchema>;
  required?: string[];
  items?: JsonSchema;
  anyOf?: JsonSchema[];
  enum?: unknown[];
  const?: unknown;
  additionalProperties?: JsonSchema | boolean;
};

/** By a member's name: what gets past the schema, hostile or not. */
const plausible = ({ shop, url }: { shop: string; url: string }): Record<string, readonly string[]> => ({
  url: [url, `${url}../../key.json`, `${url}?limit=1000000`],
  method: ["GET", "POST", "DELETE"],
  body: ['{"__proto__":{"limit":"1000000"}}', "../key.json"],
  to: [shop, STRANGER, "0x0000000000000000000000000000000000000000"],
  amount: ["0.01", "1", "1000000", "0", "0.000000000000000001"],
  token: ["usdc", "native", STRANGER],
  idempotencyKey: ["a", "b", "../../key.json", "__proto__"],
  perPayment: ["1", "1000000"],
  limit: ["20", "100000000"],
  recipients: [STRANGER],
  until: ["7d", "9999w"],
  since: ["2020-01-01T00:00:00Z"],
});

/** Inputs made from a tool's own schema, of which many are hostile: other types, unknown members, polluted prototypes. */
function inputsOf(
  schema: JsonSchema,
  texts: fc.Arbitrary<string>,
  good: Record<string, readonly string[]>,
  name = "",
): fc.Arbitrary<unknown> {
  const fitting = (): fc.Arbitrary<unknown> => {
    if (schema.const !== undefined) return fc.constant(schema.const);
    if (schema.enum) return fc.constantFrom(...schema.enum);
    if (schema.anyOf) return fc.oneof(...schema.anyOf.map((one) => inputsOf(one, texts, good, name)));
    if (schema.type === "string")
      return fc.oneof(
        { weight: good[name] ? 10 : 0, arbitrary: fc.constantFrom(...(good[name] ?? [""])) },
        { weight: 1, arbitrary: texts },
      );
    if (schema.type === "integer" || schema.type === "number")
      return fc.oneof(fc.integer(), fc.constantFrom(1, 20, 1e308, -0));
    if (schema.type === "boolean") return fc.boolean();
    if (schema.type === "array")
      return fc.array(inputsOf(schema.items ?? {}, texts, good, name), { maxLength: 3 });
    if (schema.properties)
      return fc.record(
        Object.fromEntries(
          Object.entries(schema.properties).map(([member, one]) => [
            member,
            inputsOf(one, texts, good, member),
          ]),
        ),
        { requiredKeys: schema.required ?? [] },
      );
    if (typeof schema.additionalProperties === "object")
      return fc.dictionary(texts, inputsOf(schema.additionalProperties, texts, good, name), { maxKeys: 3 });
    return fc.anything();
  };
  return fc.oneof(
    { weight: 40, arbitrary: fitting() },
    { weight: 1, arbitrary: fc.jsonValue() },
    { weight: 1, arbitrary: fc.constantFrom(null, 1e308, [], {}) },
  );
}

/** An object with a member that JSON.parse makes and a literal does not. */
const polluted = (input: unknown) =>
  typeof input === "object" && input !== null && !Array.isArray(input)
    ? JSON.parse(
        `{"__proto__":{"limit":"1000000","recipients":"anyone"},${JSON.stringify(input).slice(1)}`.replace(
          ",}",
          "}",
        ),
      )
    : input;

describe("no tool", function () {
  this.timeout(300_000);
  let agents: AgentChain;
  let server: Server;
  let url: string;
  before(async () => {
    agents = await startAgentChain({ shop: { report: { price: "0.25" } } });
    // A shop that repeats everything that it is told.
    server = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk);
      response.end(`${request.url} ${JSON.stringify(request.headers)} ${Buffer.concat(chunks)}`);
    });
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  });
  after(async () => {
    server.closeAllConnections();
    server.close();
    await agents.close();
  });

  /** What must stay: the grant, the limits on the chain, and the key. */
  async function standing(dir: string) {
    const folder = await agentFolder(dir);
    const grant = await folder.grant();
    if (!grant) throw new Error("the grant is gone");
    const { testChain } = agents.chain;
    const { budgets, expiresAt, id } = await sessionStatus(testChain.client as never, grant);
    return {
      grant: await readFile(join(dir, "grant.json"), "utf8"),
      key: await readFile(join(dir, "key.json"), "utf8"),
      session: encodeSession(grant.session),
      id,
      expiresAt,
      limits: budgets.map(({ token, perTransaction, limit, recipients }) => ({
        token,
        perTransaction,
        limit,
        recipients,
      })),
      strangers: await agents.chain.usdc.balanceOf(STRANGER),
    };
  }

  /** The key's own characters, however they are written. */
  const keyIn = (dir: string): Hex => {
    const { privateKey, key } = JSON.parse(readFileSync(join(dir, "key.json"), "utf8"));
    return (privateKey ?? key) as Hex;
  };

  const names = [
    "get_limits",
    "check_price",
    "pay_request",
    "send_payment",
    "list_payments",
    "request_session",
    "request_more",
    "stop",
  ] as const;

  it("is left out here", async () => {
    expect(agents.open({ dir: await agents.newDir() }).tools.map(({ name }) => name)).to.deep.equal(names);
  });

  for (const name of names)
    it(`raises a limit, adds a payee, or shows the key: ${name}, whatever its input`, async () => {
      const { dir, grant } = await agents.newAgent();
      // With gas `stop` would end the session, which is what it is for.
      if (name === "stop") await agents.chain.testChain.setBalance(grant.session.key, 0n);
      let accepted = 0;
      const { tools } = agents.open({ dir });
      const tool = tools.find((each) => each.name === name) as AgentTool;
      if (name === "request_more") {
        // Something to ask the owner about.
        const send = tools.find((each) => each.name === "send_payment");
        const refused = { to: STRANGER, amount: "1", idempotencyKey: "refused" };
        expect(await send?.run(refused)).to.include({ code: "RECIPIENT" });
      }
      const before = await standing(dir);
      const key = keyIn(dir);
      expect(key).to.match(/^0x[0-9a-f]{64}$/);
      const hostile = { key, shop: agents.chain.shop.address, url };
      const texts = hostileTexts(hostile);
      const schema = z.toJSONSchema(tool.inputSchema, { io: "input" }) as JsonSchema;
      const files = readdirSync(dir, { recursive: true }).map(String);
      await fc.assert(
        fc.asyncProperty(
          inputsOf(schema, texts, plausible(hostile)),
          fc.boolean(),
          async (input, isPolluted) => {
            const given = isPolluted ? polluted(input) : input;
            const said = await tool.run(given);
            if (said.ok || said.code !== "INVALID_INPUT") accepted++;
            const answer = JSON.stringify(said);
            expect(answer).not.to.match(/\bat .*\.ts:\d+/);
            // A shop may repeat what the model itself has told it, and so may an error about the input.
            if (!JSON.stringify(given ?? null).includes(key.slice(2)))
              expect(answer.toLowerCase()).not.to.contain(key.slice(2));
            expect(({} as { limit?: unknown }).limit).to.equal(undefined);
          },
        ),
        { numRuns: 200, seed: 16 },
      );
      expect(accepted, "inputs that get past the schema").to.be.at.least(5);
      expect(await standing(dir)).to.deep.equal(before);
      const added = readdirSync(dir, { recursive: true })
        .map(String)
        .filter((file) => !files.includes(file));
      expect(
        added.filter((file) => !/^(ledger\.jsonl|payments\.jsonl|transfers|more\.json)/.test(file)),
      ).to.deep.equal([]);
    });

  it("shows the key that it has created, in any answer or file but its own", async () => {
    const dir = await agents.newDir();
    const { tools } = agents.open({ dir });
    const wanted = {
      budgets: [{ token: "usdc", perPayment: "1", limit: "20", per: "day", recipients: "anyone" }],
      until: "7d",
      reason: "to buy reports",
    };
    const answers: unknown[] = [];
    for (const tool of tools) answers.push(await tool.run(tool.name === "request_session" ? wanted : {}));
    const key = keyIn(dir).slice(2);
    expect(JSON.stringify(answers).toLowerCase()).not.to.contain(key);
    for (const file of readdirSync(dir))
      if (file !== "key.json" && file.endsWith("json"))
        expect(readFileSync(join(dir, file), "utf8").toLowerCase(), file).not.to.contain(key);
  });
});
