import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";

/** Vite's development server needs scripts inside the page, which the policy forbids: only there it is left out. */
const withoutPolicy: Plugin = {
  name: "development-without-content-security-policy",
  apply: "serve",
  transformIndexHtml: (html) => html.replace(/<meta\s+http-equiv="Content-Security-Policy"[^>]*>/, ""),
};

/** zod ties a writer of JSON Schema to every schema. Nothing here calls it, and it is one thirtieth of the script. */
const withoutJsonSchema: Plugin = {
  name: "zod-without-json-schema",
  apply: "build",
  transform(code, id) {
    if (!/zod\/v4\/core\/(to-json-schema|json-schema-processors)\.js$/.test(id)) return undefined;
    const names = [...code.matchAll(/^export (?:const|function|class) (\w+)/gm)].map(([, name]) => name);
    return names.map((name) => `export const ${name} = () => undefined;`).join("\n");
  },
};

export default defineConfig({
  // Relative, so that the files work in any folder of any host.
  base: "./",
  plugins: [react(), withoutPolicy, withoutJsonSchema],
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
