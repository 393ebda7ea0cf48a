/** @file `npm run build:demo`: bundles the page into docs/demo/site. */
import { existsSync } from "node:fs";
import { relative } from "node:path";
import { build } from "vite";
import { site, siteFolder, wasmFile } from "./site.ts";

if (existsSync(wasmFile)) {
  await build(site);
  console.log(`demo: built in ${relative(process.cwd(), siteFolder)}, for any web server.`);
} else {
  console.error(
    "demo: not built: it takes the engine's WebAssembly module, which npm run build:native makes where clang and lld are (Debian: clang lld libc++-dev-wasm32 libclang-rt-dev-wasm32).",
  );
  process.exitCode = 1;
}
