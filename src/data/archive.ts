/** @file Reads the files of a `.tar.gz` without unpacking it to disk. */
import { createReadStream } from "node:fs";
import { basename } from "node:path";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { extract } from "tar-stream";
import { CellwrightError, expected, messageOf } from "../base/errors.ts";

/**
 * Reads an archive to its end. `accept` is asked about each file by its base name and size, and answers whether to keep its bytes; what it
 * throws comes out. Returns the files kept, by base name. Throws `data` if the archive is cut off or is none.
 */
export async function readArchive(
  path: string,
  accept: (name: string, sizeBytes: number) => boolean,
): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  const tar = extract();
  tar.on("entry", (header, stream, next) => {
    const name = basename(header.name);
    const size = header.size ?? 0;
    // What ends it comes out of the pipeline below; unheard here, it would end the process.
    stream.on("error", () => undefined);
    let kept: Uint8Array | undefined;
    try {
      // One array for the whole file: pieces to be joined would need its memory twice.
      if (header.type === "file" && accept(name, size)) kept = new Uint8Array(size);
    } catch (error) {
      tar.destroy(error as Error);
      return;
    }
    let at = 0;
    stream.on("data", (chunk: unknown) => {
      const bytes = chunk as Uint8Array;
      kept?.set(bytes, at);
      at += bytes.length;
    });
    stream.on("end", () => {
      if (kept !== undefined) files.set(name, kept);
      next();
    });
    stream.resume();
  });
  try {
    await pipeline(createReadStream(path), createGunzip(), tar);
  } catch (error) {
    if (error instanceof CellwrightError) throw error;
    throw new CellwrightError("data", expected(path, "a whole .tar.gz archive", messageOf(error)), { cause: error });
  }
  return files;
}
