import type { BrowserContext, CDPSession, Page } from "playwright-core";
import { browser, VIEWPORTS, type ViewportName } from "./browser.ts";
import { reportUnseen } from "./reportUnseen.ts";

/** How a browser is set up. */
export type HumanSettings = {
  viewport?: ViewportName;
  /** CSS pixels, for other sizes than the named ones. */
  size?: { width: number; height: number };
  colorScheme?: "light" | "dark";
  reducedMotion?: boolean;
  /** IANA name. */
  timezone?: string;
  /** Whether the device has an authenticator with a screen lock. Default: yes. */
  authenticator?: boolean;
};

/** A person with a browser of their own and a device that keeps passkeys, who accepts every prompt. */
export type Human = {
  page: Page;
  context: BrowserContext;
  cdp: CDPSession;
  /** Of the virtual authenticator, for CDP. */
  authenticatorId: string;
  /** How often the device has asked for a finger or a face: for a new passkey, and for a signature. */
  prompts: { created: number; asserted: number };
  /** Everything the page asked the network for, in order. */
  requests: string[];
  /** The JSON-RPC methods among them. */
  rpcMethods: string[];
  /**
   * What went wrong without being seen: errors on the console, exceptions, what the policy blocked, alerts out of
   * sight, requests to where the page has no business. The fixture fails each test that leaves any.
   */
  problems: string[];
  /** Lets the page speak to one more place: where an agent waits. */
  allow(callback: string | undefined): void;
  /** Expects a problem: matching ones are ignored. */
  expectProblem(pattern: RegExp): void;
  /** Rejects every prompt from now on, or accepts again. */
  refuse(no: boolean): Promise<void>;
  /** The layout shifts since the page was loaded that no input of the human's explains: each is what moved. */
  layoutShifts(): Promise<string[]>;
  close(): Promise<void>;
};

/** A layout shift as the browser reports it. */
type LayoutShift = PerformanceEntry & {
  value: number;
  hadRecentInput: boolean;
  sources?: { node?: Node | null }[];
};

/** The methods of a JSON-RPC request, or batch of them. */
function methodsIn(body: string | null): string[] {
  const json: unknown = JSON.parse(body ?? "null");
  return (Array.isArray(json) ? json : [json]).flatMap(
    (one: { method?: string } | null) => one?.method ?? [],
  );
}

/** What Chromium says of every passkey that is made for Safe, whose signers know no other algorithm than ES256. */
const ES256_ONLY = /pubKeyCredParams is missing at least one of the default algorithm identifiers/;

/** Opens a browser of its own. @param origins Where the page may speak to, its own origin included. */
export async function openHuman(
  origins: readonly string[],
  {
    viewport = "desktop",
    size,
    colorScheme = "light",
    reducedMotion = true,
    timezone = "Europe/Berlin",
    authenticator = true,
  }: HumanSettings = {},
): Promise<Human> {
  const context = await (await browser()).newContext({
    viewport: size ?? VIEWPORTS[viewport],
    colorScheme,
    reducedMotion: reducedMotion ? "reduce" : "no-preference",
    timezoneId: timezone,
    locale: "en-GB",
    acceptDownloads: true,
  });
  // A wait that lasts longer than this waits for something that will not come.
  context.setDefaultTimeout(15_000);
  const page = await context.newPage();
  await page.addInitScript(reportUnseen);
  await page.addInitScript(() => {
    const shifts: string[] = [];
    Object.assign(globalThis, { layoutShifts: shifts });
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries() as LayoutShift[]) {
        if (entry.hadRecentInput) continue;
        const moved = (entry.sources ?? []).map(({ node }) =>
          node instanceof Element
            ? `<${node.localName} class="${node.className}"> ${node.textContent?.slice(0, 60)}`
            : (node?.textContent?.slice(0, 60) ?? "something gone"),
        );
        shifts.push(`${entry.value.toFixed(4)}: ${moved.join(" | ")}`);
      }
    }).observe({ type: "layout-shift", buffered: true });
  });

  const cdp = await context.newCDPSession(page);
  const prompts = { created: 0, asserted: 0 };
  let authenticatorId = "";
  await cdp.send("WebAuthn.enable");
  if (authenticator) {
    ({ authenticatorId } = await cdp.send("WebAuthn.addVirtualAuthenticator", {
      options: {
        protocol: "ctap2",
        transport: "internal",
        hasResidentKey: true,
        hasUserVerification: true,
        isUserVerified: true,
        automaticPresenceSimulation: true,
      },
    }));
  }
  cdp.on("WebAuthn.credentialAdded", () => {
    prompts.created++;
  });
  cdp.on("WebAuthn.credentialAsserted", () => {
    prompts.asserted++;
  });

  const allowed = new Set(origins);
  const requests: string[] = [];
  const rpcMethods: string[] = [];
  const found: string[] = [];
  const expected: RegExp[] = [ES256_ONLY];
  page.on("request", (request) => {
    const url = request.url();
    requests.push(url);
    if (request.method() === "POST") rpcMethods.push(...methodsIn(request.postData()));
    const local = /^(data|blob):/.test(url);
    if (!local && !allowed.has(new URL(url).origin)) found.push(`asked for ${url}`);
  });
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning")
      found.push(`console ${message.type()}: ${message.text()}`);
  });
  page.on("pageerror", (error) => found.push(`exception: ${error.stack ?? error.message}`));

  return {
    page,
    context,
    cdp,
    authenticatorId,
    prompts,
    requests,
    rpcMethods,
    get problems() {
      return found.filter((problem) => !expected.some((pattern) => pattern.test(problem)));
    },
    allow: (callback) => void (callback && allowed.add(new URL(callback).origin)),
    expectProblem: (pattern) => void expected.push(pattern),
    refuse: async (no) => {
      await cdp.send("WebAuthn.setUserVerified", { authenticatorId, isUserVerified: !no });
    },
    layoutShifts: () =>
      page.evaluate(() => [...(globalThis as unknown as { layoutShifts: string[] }).layoutShifts]),
    close: () => context.close(),
  };
}
