/**
 * @file Finds the first training file in the official archive, cifar-10-binary.tar.gz, as it streams by: 170 MB are not kept, and what comes after
 * the file is not read. For the page; in Node src/data/archive.ts reads archives.
 */
import { CellwrightError, messageOf } from "../../src/base/errors.ts";

const BLOCK = 512;
const WANTED = /(?:^|\/)(data_batch_\d\.bin)$/;

/** Returns the first `data_batch_*.bin` of a gzipped tar. Throws `data` where there is none. `place` names the archive. */
export async function readBatchOfArchive(
  stream: ReadableStream<Uint8Array>,
  place: string,
): Promise<{ readonly name: string; readonly bytes: Uint8Array }> {
  // The type libraries of Node and of browsers differ on what may be written to it.
  const unzipped = stream.pipeThrough<Uint8Array>(new DecompressionStream("gzip") as never);
  const source = createSource(unzipped.getReader());
  try {
    for (;;) {
      const header = await source.take(BLOCK);
      // The archive ends in blocks of zeros.
      if (header === undefined || header[0] === 0) break;
      const path = text(header.subarray(0, 100));
      const size = Number.parseInt(text(header.subarray(124, 136)), 8);
      const name = WANTED.exec(path)?.[1];
      if (name !== undefined) {
        const bytes = await source.take(size);
        if (bytes === undefined) break;
        return { name, bytes };
      }
      await source.skip(Math.ceil(size / BLOCK) * BLOCK);
    }
  } catch (error) {
    throw new CellwrightError("data", `${place}  Expected a gzipped tar archive. Received: ${messageOf(error)}.`, {
      cause: error,
    });
  } finally {
    await source.cancel();
  }
  throw new CellwrightError(
    "data",
    `${place}  Expected data_batch_1.bin in it, as in the official cifar-10-binary.tar.gz. Received: an archive without.`,
  );
}

/** Bytes in the sizes that one asks for. */
function createSource(reader: ReadableStreamDefaultReader<Uint8Array>) {
  let rest: Uint8Array = new Uint8Array(0);

  /** Hands over the next bytes in pieces. Returns whether there were as many. */
  async function pass(length: number, piece: (bytes: Uint8Array) => void): Promise<boolean> {
    for (let left = length; left > 0;) {
      if (rest.length === 0) {
        const { done, value } = await reader.read();
        if (done) return false;
        rest = value;
      }
      const part = rest.subarray(0, left);
      piece(part);
      rest = rest.subarray(part.length);
      left -= part.length;
    }
    return true;
  }

  return {
    async take(length: number): Promise<Uint8Array | undefined> {
      const bytes = new Uint8Array(length);
      let at = 0;
      const isWhole = await pass(length, (part) => {
        bytes.set(part, at);
        at += part.length;
      });
      return isWhole ? bytes : undefined;
    },
    skip: (length: number) => pass(length, () => undefined),
    cancel: () => reader.cancel().catch(() => undefined),
  };
}

/** Text of a field that ends in a zero byte. */
function text(field: Uint8Array): string {
  return new TextDecoder().decode(field).split("\0", 1)[0] ?? "";
}
