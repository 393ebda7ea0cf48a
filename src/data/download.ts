/**
 * @file Fetches an official archive under a temporary name, checks its sum, and hands it to be unpacked. The temporary file is also the
 * claim: several processes that want the same archive wait for the one that made it.
 */
import { createHash } from "node:crypto";
import { mkdir, open, rm, stat, type FileHandle } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { CellwrightError, expected, messageOf } from "../base/errors.ts";
import { formatBytes } from "../base/units.ts";

export interface DownloadOptions {
  readonly url: string;
  /** MD5 of the archive, as its publisher states it. */
  readonly md5: string;
  /** Temporary file for it. */
  readonly part: string;
  /** Whether what it brings is there: nothing is fetched then. */
  readonly isDone: () => boolean;
  /** Turns the whole, checked archive into what `isDone` looks for. */
  readonly unpack: (archive: string) => Promise<void>;
  readonly onProgress?: ((message: string) => void) | undefined;
  /** No answer, or no byte, for this long ends it. Default 10,000. */
  readonly stallMs?: number;
}

/** A partial file older than this belongs to a process that died. */
const ABANDONED_MS = 30_000;
const WAIT_MS = 500;

async function claim(part: string): Promise<FileHandle | undefined> {
  try {
    return await open(part, "wx");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    const age = Date.now() - (await stat(part).catch(() => ({ mtimeMs: Date.now() }))).mtimeMs;
    if (age > ABANDONED_MS) await rm(part, { force: true });
    return undefined;
  }
}

async function transfer(handle: FileHandle, options: DownloadOptions): Promise<void> {
  const stallMs = options.stallMs ?? 10_000;
  const abort = new AbortController();
  const stalled = () => abort.abort(new Error(`nothing was received for ${stallMs / 1000} s`));
  let timer = setTimeout(stalled, stallMs);
  try {
    const response = await fetch(options.url, { signal: abort.signal });
    if (!response.ok || response.body === null)
      throw new Error(`the server answered ${response.status} ${response.statusText}`);
    const total = Number(response.headers.get("content-length") ?? 0);
    const hash = createHash("md5");
    let received = 0;
    let told = 0;
    for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
      clearTimeout(timer);
      timer = setTimeout(stalled, stallMs);
      hash.update(chunk);
      await handle.write(chunk);
      received += chunk.length;
      if (Date.now() - told > 1000) {
        told = Date.now();
        const share = total > 0 ? ` of ${formatBytes(total)}` : "";
        options.onProgress?.(`downloading ${options.url}: ${formatBytes(received)}${share}`);
      }
    }
    const sum = hash.digest("hex");
    if (sum !== options.md5)
      throw new CellwrightError("data", expected(options.url, `an archive with MD5 ${options.md5}`, sum));
  } catch (error) {
    throw abort.signal.aborted ? abort.signal.reason : error;
  } finally {
    clearTimeout(timer);
  }
}

/** Fetches and unpacks the archive unless that is done. Throws `data` with the cause: no network, a wrong sum, a stall. */
export async function download(options: DownloadOptions): Promise<void> {
  const { part, url, onProgress } = options;
  try {
    await mkdir(dirname(part), { recursive: true });
    while (!options.isDone()) {
      const handle = await claim(part);
      if (handle === undefined) {
        onProgress?.(`waiting for another process that is downloading ${url}`);
        await sleep(WAIT_MS);
        continue;
      }
      try {
        onProgress?.(`downloading ${url}`);
        await transfer(handle, options).finally(() => handle.close());
        onProgress?.(`unpacking ${url}`);
        await options.unpack(part);
      } finally {
        await rm(part, { force: true });
      }
    }
  } catch (error) {
    if (error instanceof CellwrightError) throw error;
    const cause = error instanceof Error && error.cause !== undefined ? ` (${messageOf(error.cause)})` : "";
    throw new CellwrightError("data", `${options.url}  ${messageOf(error)}${cause}.`, { cause: error });
  }
}
