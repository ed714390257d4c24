import * as z from "zod/mini";

// The page's Content-Security-Policy forbids eval. zod would probe for it once, and the browser would report a
// violation. Import this before anything that creates a schema.
z.config({ jitless: true });
