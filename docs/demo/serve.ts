/**
 * @file `npm run demo`: serves the built page on this machine alone, and beside it one file of CIFAR-10, found or downloaded by the rule of every data
 * set. Where there is none, the page says so and takes drawn pictures.
 */
import { createReadStream } from "node:fs";
import type { ServerResponse } from "node:http";
import { basename, join } from "node:path";
import { pipeline } from "node:stream";
import { Command, InvalidArgumentError } from "commander";
import { preview, type Plugin } from "vite";
import { CellwrightError, messageOf } from "../../src/base/errors.ts";
import { readArchive } from "../../src/data/archive.ts";
import { cifar10Layout } from "../../src/data/cifar-layout.ts";
import { cifar10, cifarSignature } from "../../src/data/cifar.ts";
import { dataRoots, locateData } from "../../src/data/locate.ts";
import { servedFile } from "./pictures.ts";
import { isBuilt, site } from "./site.ts";

/** Where the pictures are, for people, and how to send them. */
interface Served {
  readonly source: string;
  send(response: ServerResponse): void;
}

/** Finds the pictures, or downloads them. Returns undefined, and says why, where neither is possible. Throws `data` where what is there is wrong. */
async function findPictures(dir: string | undefined): Promise<Served | undefined> {
  const onProgress = (message: string): void => console.log(message);
  const { warning } = (await cifar10({ fallback: "synthetic" }).provide?.({ dir, onProgress })) ?? {};
  const found = locateData(cifarSignature(cifar10Layout), dataRoots(dir));
  if (warning !== undefined) console.warn(warning);
  if (found === undefined) return undefined;
  const name = basename(servedFile);
  if (found.kind === "folder") {
    const path = join(found.path, name);
    return { source: path, send: (response) => pipeline(createReadStream(path), response, () => undefined) };
  }
  const bytes = (await readArchive(found.path, (each) => each === name)).get(name);
  return { source: `${found.path}: ${name}`, send: (response) => void response.end(bytes) };
}

function pictureServer(pictures: Served): Plugin {
  return {
    name: "cifar-10",
    configurePreviewServer({ middlewares }) {
      middlewares.use(`/${servedFile}`, (_, response) => {
        response.setHeader("content-type", "application/octet-stream");
        pictures.send(response);
      });
    },
  };
}

function parsePort(text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new InvalidArgumentError("Expected a whole number from 0 to 65535.");
  return port;
}

async function serve({ data, port }: { readonly data?: string; readonly port: number }): Promise<void> {
  if (!isBuilt()) throw new CellwrightError("config", "Expected the page to be built. Run npm run build:demo first.");
  const pictures = await findPictures(data);
  const server = await preview({
    ...site,
    plugins: pictures === undefined ? [] : [pictureServer(pictures)],
    preview: { host: "127.0.0.1", port },
  });
  console.log(`pictures: ${pictures?.source ?? "none; the page draws stand-ins, and says so"}`);
  console.log(`open ${server.resolvedUrls?.local[0]} (Ctrl-C ends it)`);
}

await new Command("npm run demo --")
  .description("Serves the page that trains NASNet-A on CIFAR-10 in a browser.")
  .option("--data <folder>", "where CIFAR-10 is, before $CELLWRIGHT_DATA, ./data and ../shared/data")
  .option("--port <number>", "first port to try; 0 for any", parsePort, 8080)
  .action(serve)
  .parseAsync()
  .catch((error: unknown) => {
    console.error(messageOf(error));
    process.exitCode = error instanceof CellwrightError && error.isUserError ? 2 : 1;
  });
