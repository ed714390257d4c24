import { open, readFile, rm, stat, writeFile } from "node:fs/promises";
import { type Command, InvalidArgumentError, Option } from "commander";
import { CommandError } from "../core/CommandError.ts";
import { EXIT } from "../core/exitCodes.ts";
import { httpRequest, type TypedData } from "../core/httpRequest.ts";
import { openSession } from "../core/openSession.ts";
import { type MadePayment, payRequest } from "../core/payRequest.ts";
import { type Price, readPrice } from "../core/readPrice.ts";
import { action, type Invocation, type NodeOptions, notes, withRpc } from "../invocation.ts";
import { readStdin } from "../readStdin.ts";

const NOTES = notes(
  `Makes a request as curl does. If the shop asks for payment by x402 and the session allows it, it
is paid, and the response goes to stdout; what was paid goes to stderr. It needs no gas.

The same command again after a failure, or after Ctrl-C, sends the same payment again: it is paid
once. After a success it is a new purchase, unless it has the same --idempotency-key.`,
  [
    "latchkey pay https://shop.example/report",
    "latchkey pay https://shop.example/report --dry-run",
    "latchkey pay https://shop.example/report --max 0.10 -o report.json",
    `latchkey pay https://shop.example/orders --data-json '{"item":"book"}' --idempotency-key 17`,
    "latchkey pay https://shop.example/upload -X PUT -H 'Content-Type: text/csv' --data-binary @t.csv",
  ],
);

type Options = NodeOptions & {
  request?: string;
  header?: string[];
  data?: TypedData[];
  output?: string;
  include?: boolean;
  silent?: boolean;
  fail?: boolean;
  max?: string;
  idempotencyKey?: string;
  purpose?: string;
  dryRun?: boolean;
};

/** `latchkey pay` */
export function pay(command: Command): void {
  // All of them keep their order, as curl's do.
  const data: TypedData[] = [];
  const collectData = (kind: TypedData["kind"]) => (text: string) => {
    data.push({ kind, text });
    return data;
  };
  const dataOption = (flags: string, says: string, kind: TypedData["kind"]) =>
    new Option(flags, says).argParser(collectData(kind));
  withRpc(
    command
      .argument("<url>", "of what is bought")
      .option("-X, --request <method>", "default: GET; with data POST")
      .option("-H, --header <line>", 'for example "Accept: text/html"; repeat it for others', collect)
      .addOption(dataOption("-d, --data <data>", "a form; @file reads a file, @- stdin", "data"))
      .addOption(dataOption("--data-raw <data>", "the same, without @file", "raw"))
      .addOption(dataOption("--data-binary <data>", "the same, and a file keeps its line ends", "binary"))
      .addOption(dataOption("--data-json <json>", "JSON; @file reads a file, @- stdin", "json"))
      .option("-o, --output <file>", "write the response to a file")
      .option("-i, --include", "print status and headers before the response")
      .option("-s, --silent", "do not print what was paid")
      .option("-f, --fail", "exit with 5 where the shop responds with an error")
      .option("--max <amount>", "refuse a higher price, in whole tokens", amount)
      .option("--idempotency-key <key>", "names the purchase: it is paid once, also after a success")
      .option("--purpose <text>", "what it is for, for the ledger")
      .option("--dry-run", "print the price, and pay nothing"),
  )
    .addHelpText("after", NOTES)
    .action(
      action<Options, [string]>(async (invocation, url) => {
        const { options, output, home, folder, signal } = invocation;
        const { rpc, max, idempotencyKey, purpose, silent, dryRun } = options;
        const request = await httpRequest(
          { url, method: options.request, headers: options.header ?? [], data },
          async (file) => (file === "-" ? readStdin() : readFile(file)),
        );
        if (dryRun) {
          const session = await openSession({ home, folder, rpc });
          const price = await readPrice(session, request, signal);
          return output.print(price, priceText(price));
        }
        const target = options.output === undefined ? undefined : await openTarget(options.output);
        try {
          const paid = await payRequest({
            home,
            folder,
            rpc,
            request,
            max,
            idempotencyKey,
            purpose,
            signal,
            note: (text) => (silent ? undefined : output.note(text)),
          });
          const note = silent ? "" : paymentText(paid);
          if (note) output.note(note);
          await printResponse(invocation, paid, target);
        } finally {
          await target?.end();
        }
      }),
    );
}

const collect = (text: string, before: string[] = []) => [...before, text];

function amount(text: string): string {
  if (/^\d+(\.\d+)?$/.test(text)) return text;
  throw new InvalidArgumentError('Write it in whole tokens, for example "0.10".');
}

/** The file for the response. It is opened before anything is paid. */
type Target = { path: string; write(bytes: Uint8Array): Promise<void>; end(): Promise<void> };

async function openTarget(path: string): Promise<Target> {
  const isNew = await stat(path).then(
    () => false,
    () => true,
  );
  await (await open(path, "a")).close();
  let isWritten = false;
  return {
    path,
    async write(bytes) {
      isWritten = true;
      await writeFile(path, bytes);
    },
    // An empty file would look like a response.
    end: async () => (isNew && !isWritten ? rm(path, { force: true }) : undefined),
  };
}

type Paid = Awaited<ReturnType<typeof payRequest>>;

async function printResponse(
  { output, options }: Invocation<Options>,
  { response, paid, paidBefore }: Paid,
  target: Target | undefined,
): Promise<void> {
  const { status } = response;
  const isKept = response.ok || !options.fail;
  if (output.json || target || !isKept) {
    const body = new Uint8Array(await readBody(response, paid ?? paidBefore));
    if (target && isKept) await target.write(body);
    if (output.json || isKept)
      output.print(
        {
          status,
          paid: paid ?? null,
          ...(paidBefore && { paidBefore }),
          headers: Object.fromEntries(headersOf(response)),
          ...(target ? { file: target.path } : bodyOf(body)),
        },
        `Written to ${target?.path}`,
      );
  } else {
    if (options.include) output.write(Buffer.from(headText(response)));
    await readBody(response, paid ?? paidBefore, (chunk) => output.write(chunk));
  }
  const failed = (code: string, message: string, whatToDo: string, exitCode: 3 | 5) =>
    new CommandError({ code, exitCode, message, whatToDo: [whatToDo], details: { status } });
  if (status === 402)
    throw failed(
      "NOT_ACCEPTED",
      "The shop did not accept the payment. As far as the chain shows, nothing was paid.",
      "See what it asks for: the same command with --dry-run",
      EXIT.refused,
    );
  if (!isKept)
    throw failed(
      "HTTP_STATUS",
      `The shop responded with status ${status}.`,
      "Correct the request, or try later: the same command does not pay twice.",
      EXIT.network,
    );
}

/** Reads a response's body; what was paid for is said where the connection breaks. */
async function readBody(
  response: Response,
  payment: MadePayment | undefined,
  take?: (chunk: Uint8Array) => void,
): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  try {
    for await (const chunk of (response.body ?? []) as unknown as AsyncIterable<Uint8Array>)
      if (take) take(chunk);
      else chunks.push(chunk);
  } catch (cause) {
    throw new CommandError({
      code: "CUT_OFF",
      exitCode: payment ? EXIT.outcomeUnknown : EXIT.network,
      message: "The response ended before it was complete.",
      whatToDo: payment
        ? [
            `It was paid: ${moneyText(payment)}. The same command is a new purchase, unless it had an --idempotency-key.`,
          ]
        : ["Try again."],
      details: payment ? { paid: payment } : {},
      cause,
    });
  }
  return Buffer.concat(chunks);
}

function bodyOf(bytes: Uint8Array): { body: string } | { bodyBase64: string } {
  try {
    return { body: new TextDecoder("utf-8", { fatal: true }).decode(bytes) };
  } catch {
    return { bodyBase64: Buffer.from(bytes).toString("base64") };
  }
}

function headersOf({ headers }: Response): [name: string, value: string][] {
  const list: [string, string][] = [];
  headers.forEach((value, name) => void list.push([name, value]));
  return list;
}

const headText = (response: Response) =>
  [
    `HTTP/1.1 ${response.status}${response.statusText ? ` ${response.statusText}` : ""}`,
    ...headersOf(response).map(([name, value]) => `${name}: ${value}`),
    "\r\n",
  ].join("\r\n");

const moneyText = ({ amount: paid, symbol, to, transaction }: MadePayment) =>
  `${paid} ${symbol} to ${to}${transaction ? `, transaction ${transaction}` : ""}`;

function paymentText({ paid, paidBefore }: Paid): string {
  if (paid) return `${paid.status === "settled" ? "Paid" : "Sent"} ${moneyText(paid)}`;
  return paidBefore ? `Paid before: ${moneyText(paidBefore)}` : "";
}

function priceText({ free, status, offers }: Price): string {
  if (free) return "Free";
  if (offers.length === 0) return `Nothing is asked for; the shop responds with status ${status}`;
  return offers
    .map(
      ({ price, to, network, payable, code, why }) =>
        `${price} to ${to} on ${network}: ${payable ? "the session can pay it" : `${why} (${code})`}`,
    )
    .join("\n");
}
