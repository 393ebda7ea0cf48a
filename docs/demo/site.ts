/** @file How the page is bundled, from the sources, into a folder that any web server can serve: Vite's settings, shared by building and serving. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { defaultClientConditions, type InlineConfig } from "vite";

const root = fileURLToPath(new URL(".", import.meta.url));

/** Where the built page is. */
export const siteFolder = join(root, "site");

/** The engine's module, which `npm run build:native` makes. */
export const wasmFile = fileURLToPath(new URL("../../native/build/cellwright.wasm", import.meta.url));

/** Whether the page has been built. */
export function isBuilt(): boolean {
  return existsSync(join(siteFolder, "index.html"));
}

const output = {
  // Names without hashes: a new build writes over the old one, and a data/ that someone put beside it stays.
  entryFileNames: "assets/[name].js",
  chunkFileNames: "assets/[name].js",
  assetFileNames: "assets/[name][extname]",
};

export const site: InlineConfig = {
  configFile: false,
  root,
  // Relative, so that the folder may be served from anywhere.
  base: "./",
  publicDir: false,
  // What is not there is not found, rather than the page once more.
  appType: "mpa",
  logLevel: "warn",
  resolve: { conditions: ["cellwright-source", ...defaultClientConditions] },
  worker: { format: "es", rolldownOptions: { output } },
  build: {
    outDir: siteFolder,
    emptyOutDir: false,
    assetsInlineLimit: 0,
    rolldownOptions: { output, checks: { pluginTimings: false } },
  },
};
