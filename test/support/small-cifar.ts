/** @file Files in CIFAR's binary layout with few records, and the layout that says so. */
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { pack } from "tar-stream";
import { createRng } from "../../src/base/rng.ts";
import { cifar10Layout, recordBytes, type CifarLayout } from "../../src/data/cifar-layout.ts";

/** Records in each of the six files. */
export const RECORDS = 20;

export const smallLayout: CifarLayout = {
  ...cifar10Layout,
  records: Object.fromEntries(Object.keys(cifar10Layout.records).map((name) => [name, RECORDS])),
};

/** Random pixels, labels 0 to 9 in turn. */
export function smallFiles(layout: CifarLayout = smallLayout): Map<string, Uint8Array> {
  return new Map(
    [...layout.train, layout.test].map((name) => {
      const rng = createRng(name);
      const stride = recordBytes(layout);
      const bytes = Uint8Array.from({ length: (layout.records[name] as number) * stride }, (_, at) => {
        const inRecord = at % stride;
        return inRecord < layout.labelBytes ? Math.floor(at / stride) % layout.classes.length : rng.int(256);
      });
      return [name, bytes];
    }),
  );
}

export function temporaryFolder(): string {
  return mkdtempSync(join(tmpdir(), "cellwright-data-"));
}

export function writeFiles(folder: string, files: ReadonlyMap<string, Uint8Array>): string {
  mkdirSync(folder, { recursive: true });
  for (const [name, bytes] of files) writeFileSync(join(folder, name), bytes);
  return folder;
}

/** A `.tar.gz` as the official one is: the files below one folder. */
export async function archiveOf(
  files: ReadonlyMap<string, Uint8Array>,
): Promise<{ readonly bytes: Uint8Array; readonly md5: string }> {
  const tar = pack();
  tar.entry({ name: "cifar-10-batches-bin/", type: "directory" });
  for (const [name, bytes] of files) tar.entry({ name: `cifar-10-batches-bin/${name}` }, Buffer.from(bytes));
  tar.finalize();
  const chunks: Uint8Array[] = [];
  for await (const chunk of tar) chunks.push(chunk as Uint8Array);
  const bytes = gzipSync(Buffer.concat(chunks));
  return { bytes, md5: createHash("md5").update(bytes).digest("hex") };
}
