import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";

/** Vite's development server needs scripts inside the page, which the policy forbids: only there it is left out. */
const withoutPolicy: Plugin = {
  name: "development-without-content-security-policy",
  apply: "serve",
  transformIndexHtml: (html) => html.replace(/<meta\s+http-equiv="Content-Security-Policy"[^>]*>/, ""),
};

/** How viem follows a contract to a server of the contract's choice: `chainClient` forbids it. */
const ccip = /viem\/_esm\/utils\/ccip\.js$/;

/**
 * Leaves of that module nothing but names, bound to a function that does nothing: it is tied to every call, nothing here
 * ever gets to it, and with what it brings along it would be one fortieth of the script.
 */
const withoutCcip = (): Plugin => {
  let isFound = false;
  return {
    name: "viem-without-ccip",
    apply: "build",
    transform: {
      filter: { id: ccip },
      handler(code) {
        isFound = true;
        const names = [...code.matchAll(/^export (?:const|(?:async )?function) (\w+)/gm)];
        return names.map(([, name]) => `export const ${name} = () => undefined;`).join("\n");
      },
    },
    // An upgrade that moves it is noticed.
    buildEnd() {
      if (!isFound) this.error("viem has no such module any more.");
    },
  };
};

export default defineConfig({
  // Relative, so that the files work in any folder of any host.
  base: "./",
  plugins: [react(), withoutPolicy, withoutCcip()],
  // Preact instead of react-dom: 199 kB of script by gzip become 139 kB, and the page needs none of what it leaves out.
  resolve: {
    alias: [
      { find: /^react$/, replacement: "preact/compat" },
      { find: /^react-dom$/, replacement: "preact/compat" },
      { find: /^react-dom\/client$/, replacement: "preact/compat/client" },
      { find: /^react\/jsx-runtime$/, replacement: "preact/jsx-runtime" },
      { find: /^react\/jsx-dev-runtime$/, replacement: "preact/jsx-dev-runtime" },
    ],
  },
  build: {
    target: "es2022",
    modulePreload: { polyfill: false },
    // Whose code is in the script, with each licence's text.
    license: { fileName: "THIRD-PARTY.md" },
    // A file inside the style sheet would need a wider policy, and a script in pieces would load later than asked for.
    assetsInlineLimit: 0,
    // One file, loaded once: the parts that could come later are small.
    rolldownOptions: { output: { codeSplitting: false } },
    // In kilobytes before compression; what counts is less than 200 of them compressed, which a test measures.
    chunkSizeWarningLimit: 800,
  },
});
