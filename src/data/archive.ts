/** @file Reads the files of a `.tar.gz` without unpacking it to disk. */
import { createReadStream } from "node:fs";
import { basename } from "node:path";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { extract } from "tar-stream";
import { CellwrightError, expected, messageOf } from "../base/errors.ts";

/** Returns the archive's files whose base name is in `names`, by base name. Throws `data` if it is cut off or no archive. */
export async function readArchive(path: string, names: readonly string[]): Promise<Map<string, Uint8Array>> {
  const wanted = new Set(names);
  const files = new Map<string, Uint8Array>();
  const tar = extract();
  tar.on("entry", (header, stream, next) => {
    const name = basename(header.name);
    const chunks: Uint8Array[] = [];
    const keep = header.type === "file" && wanted.has(name);
    stream.on("data", (chunk: unknown) => {
      if (keep) chunks.push(chunk as Uint8Array);
    });
    // The pipeline below reports it; unheard, it would end the process.
    stream.on("error", () => undefined);
    stream.on("end", () => {
      if (keep) files.set(name, Buffer.concat(chunks));
      next();
    });
    stream.resume();
  });
  try {
    await pipeline(createReadStream(path), createGunzip(), tar);
  } catch (error) {
    throw new CellwrightError("data", expected(path, "a whole .tar.gz archive", messageOf(error)), { cause: error });
  }
  return files;
}
