import * as z from "zod/mini";

// The page's policy forbids evaluating text. zod would try it once, and the browser would report a violation. Imported
// before anything that makes a schema.
z.config({ jitless: true });
