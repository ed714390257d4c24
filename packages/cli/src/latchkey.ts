#!/usr/bin/env node
import { runLatchkey } from "./runLatchkey.ts";

await runLatchkey(process.argv.slice(2));
