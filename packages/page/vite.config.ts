import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";

/** Vite's development server needs scripts inside the page, which the policy forbids: only there it is left out. */
const withoutPolicy: Plugin = {
  name: "development-without-content-security-policy",
  apply: "serve",
  transformIndexHtml: (html) => html.replace(/<meta\s+http-equiv="Content-Security-Policy"[^>]*>/, ""),
};

/**
 * Modules that other people's code ties to what the page uses, and that nothing here ever calls: zod's writers of JSON
 * Schema, and how viem follows a contract to a server of its choice, which `chainClient` forbids. Together they would be
 * one twentieth of the script. An upgrade that moves one of them is noticed: a build without it fails.
 */
const unused = [
  /zod\/v4\/core\/to-json-schema\.js$/,
  /zod\/v4\/core\/json-schema-processors\.js$/,
  /viem\/_esm\/utils\/ccip\.js$/,
];

/** Leaves of each unused module nothing but names, bound to a function that does nothing. */
const withoutUnused = (): Plugin => {
  const missing = new Set(unused);
  return {
    name: "without-unused-modules",
    apply: "build",
    transform: {
      filter: { id: unused },
      handler(code, id) {
        const found = unused.find((pattern) => pattern.test(id));
        if (!found) return undefined;
        missing.delete(found);
        const names = [...code.matchAll(/^export (?:const|(?:async )?function|class) (\w+)/gm)].map(
          ([, name]) => name,
        );
        return names.map((name) => `export const ${name} = () => undefined;`).join("\n");
      },
    },
    buildEnd() {
      if (missing.size > 0) this.error(`No module is ${[...missing].join(" or ")} any more.`);
    },
  };
};

export default defineConfig({
  // Relative, so that the files work in any folder of any host.
  base: "./",
  plugins: [react(), withoutPolicy, withoutUnused()],
  build: {
    target: "es2022",
    modulePreload: { polyfill: false },
    // A file inside the style sheet would need a wider policy, and a script in pieces would load later than asked for.
    assetsInlineLimit: 0,
    // One file, loaded once: the parts that could come later are small.
    rolldownOptions: { output: { codeSplitting: false } },
    // In kilobytes before compression; what counts is less than 200 of them compressed, which a test measures.
    chunkSizeWarningLimit: 800,
  },
});
