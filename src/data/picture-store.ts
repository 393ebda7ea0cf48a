/**
 * @file Decoded pictures on disk: one file of raw pixels, written once under a temporary name and renamed, so that the second start reads instead
 * of decoding. It says of which files and options it is made and carries a checksum; what does not agree is made anew, never believed.
 */
import { mkdir, open, readdir, rename, rm, stat, writeFile, type FileHandle } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { crc32 } from "node:zlib";
import { z } from "zod";
import { CellwrightError, expected, messageOf } from "../base/errors.ts";

/** Decoded pictures, in the order in which they were listed. */
export interface PictureStore {
  /** Pictures that could not be decoded, by index, with the reason: their pixels are 0. */
  readonly broken: ReadonlyMap<number, string>;
  /** Calls `visit` with every picture's pixels, in order; they are only valid during the call. False: the file is damaged, nothing of it counts. */
  read(visit: (index: number, pixels: Uint8Array) => void): Promise<boolean>;
}

/** What a store is made of. */
export interface StoreContent {
  /** Hash of the files (names, sizes, times) and of the options that decide their pixels. */
  readonly key: string;
  readonly count: number;
  /** Bytes of one picture. */
  readonly pictureBytes: number;
}

/** A picture's pixels, or why there are none. */
export type StoredPicture = { readonly pixels: Uint8Array } | { readonly broken: string };

const MAGIC = "cellwright pictures 1\n";
const tailSchema = z.strictObject({
  key: z.string(),
  count: z.number(),
  pictureBytes: z.number(),
  crc: z.number(),
  broken: z.array(z.tuple([z.number().int().nonnegative(), z.string()])),
});
/** Length of the JSON text at the end, which comes last. */
const TAIL_LENGTH_BYTES = 4;
const READ_BYTES = 8 * 2 ** 20;
/** A temporary file older than this belongs to a process that died. */
const ABANDONED_MS = 3_600_000;

/** Opens a store that was written earlier; undefined if there is none, or none of this content. */
export async function openStore(file: string, content: StoreContent): Promise<PictureStore | undefined> {
  await removeAbandoned(file);
  const handle = await open(file, "r").catch(() => undefined);
  if (handle === undefined) return undefined;
  try {
    const tail = await readTail(handle, content);
    if (tail === undefined) return undefined;
    return {
      broken: new Map(tail.broken),
      async read(visit) {
        const reading = await open(file, "r").catch(() => undefined);
        if (reading === undefined) return false;
        try {
          return (await readPictures(reading, content, visit)) === tail.crc;
        } finally {
          await reading.close();
        }
      },
    };
  } catch {
    // Cut off, or no file of ours: it is written anew.
    return undefined;
  } finally {
    await handle.close();
  }
}

async function readTail(handle: FileHandle, content: StoreContent): Promise<z.infer<typeof tailSchema> | undefined> {
  const { size } = await handle.stat();
  const body = MAGIC.length + content.count * content.pictureBytes;
  const length = size - body - TAIL_LENGTH_BYTES;
  if (length < 2) return undefined;
  const magic = Buffer.alloc(MAGIC.length);
  await handle.read(magic, 0, magic.length, 0);
  const end = Buffer.alloc(length + TAIL_LENGTH_BYTES);
  await handle.read(end, 0, end.length, body);
  if (magic.toString() !== MAGIC || end.readUInt32LE(length) !== length) return undefined;
  const tail = tailSchema.safeParse(JSON.parse(end.toString("utf8", 0, length)));
  if (!tail.success) return undefined;
  const { key, count, pictureBytes } = tail.data;
  const isSame = key === content.key && count === content.count && pictureBytes === content.pictureBytes;
  return isSame ? tail.data : undefined;
}

/** Returns the checksum of what was read; undefined if the file ends before its pictures do. */
async function readPictures(
  handle: FileHandle,
  { count, pictureBytes }: StoreContent,
  visit: (index: number, pixels: Uint8Array) => void,
): Promise<number | undefined> {
  const atOnce = Math.max(1, Math.floor(READ_BYTES / pictureBytes));
  const buffer = Buffer.alloc(atOnce * pictureBytes);
  let crc = 0;
  for (let first = 0; first < count; first += atOnce) {
    const wanted = Math.min(atOnce, count - first) * pictureBytes;
    let got = 0;
    while (got < wanted) {
      const { bytesRead } = await handle.read(buffer, got, wanted - got, MAGIC.length + first * pictureBytes + got);
      if (bytesRead === 0) return undefined;
      got += bytesRead;
    }
    crc = crc32(buffer.subarray(0, wanted), crc);
    for (let at = 0; at < wanted; at += pictureBytes)
      visit(first + at / pictureBytes, buffer.subarray(at, at + pictureBytes));
  }
  return crc;
}

/**
 * Writes pictures as they come and opens what was written. Without a file, or where none can be made (`onTrouble` is told why), the pictures are
 * kept in memory. What `pictures` throws comes out, and nothing stays on the disk.
 */
export async function writeStore(
  file: string | undefined,
  content: StoreContent,
  pictures: AsyncIterable<StoredPicture>,
  onTrouble: (reason: string) => void,
): Promise<PictureStore> {
  const broken = new Map<number, string>();
  const kept: Uint8Array[] = [];
  const output = file === undefined ? undefined : await openOutput(file, onTrouble);
  try {
    let crc = 0;
    let index = 0;
    for await (const picture of pictures) {
      if ("broken" in picture) broken.set(index, picture.broken);
      const pixels = "pixels" in picture ? picture.pixels : new Uint8Array(content.pictureBytes);
      index++;
      if (output === undefined) {
        kept.push(pixels);
        continue;
      }
      crc = crc32(pixels, crc);
      await append(output, pixels);
    }
    if (output !== undefined) {
      const tail = Buffer.from(JSON.stringify({ ...content, crc, broken: [...broken] }));
      const length = Buffer.alloc(TAIL_LENGTH_BYTES);
      length.writeUInt32LE(tail.length);
      await append(output, Buffer.concat([tail, length]));
      await output.handle.close();
      await rename(output.temporary, output.file);
      const store = await openStore(output.file, content);
      if (store === undefined)
        throw new CellwrightError("storage", expected(output.file, "what was written", "something else"));
      return store;
    }
  } finally {
    if (output !== undefined) {
      await output.handle.close().catch(() => {});
      await rm(output.temporary, { force: true }).catch(() => {});
    }
  }
  return {
    broken,
    read(visit) {
      kept.forEach((pixels, index) => visit(index, pixels));
      return Promise.resolve(kept.length === content.count);
    },
  };
}

interface Output {
  readonly file: string;
  readonly temporary: string;
  readonly handle: FileHandle;
}

async function append({ handle, file }: Output, bytes: Uint8Array): Promise<void> {
  try {
    await handle.appendFile(bytes);
  } catch (error) {
    const what = "room for the decoded pictures (or the option cache: false)";
    throw new CellwrightError("storage", expected(file, what, messageOf(error)), { cause: error });
  }
}

/** Takes away what processes left that died while they wrote. */
async function removeAbandoned(file: string): Promise<void> {
  const folder = dirname(file);
  for (const name of await readdir(folder).catch(() => [])) {
    if (!name.startsWith(`${basename(file)}.tmp-`)) continue;
    const path = join(folder, name);
    const age = Date.now() - (await stat(path).catch(() => ({ mtimeMs: Date.now() }))).mtimeMs;
    if (age > ABANDONED_MS) await rm(path, { force: true }).catch(() => {});
  }
}

/** Begins the file under a temporary name. */
async function openOutput(file: string, onTrouble: (reason: string) => void): Promise<Output | undefined> {
  const folder = dirname(file);
  const temporary = `${file}.tmp-${process.pid}`;
  try {
    await mkdir(folder, { recursive: true });
    await writeFile(temporary, MAGIC);
    return { file, temporary, handle: await open(temporary, "a") };
  } catch (error) {
    onTrouble(messageOf(error));
    return undefined;
  }
}
