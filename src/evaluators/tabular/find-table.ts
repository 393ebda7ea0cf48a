/** @file Where published tables are looked for: in the folders of data sets, and below them. */
import { join } from "node:path";
import { CellwrightError, expected } from "../../base/errors.ts";
import { dataRoots, fileSizeOf } from "../../data/locate.ts";

/** Returns the path of `file`, or of `folder/file`, in the first data folder that has it. Throws `data` naming the folders that have not. */
export function findTable(title: string, folder: string, file: string, dataDir?: string): string {
  const roots = dataRoots(dataDir);
  const candidates = roots.flatMap(({ path }) => [join(path, file), join(path, folder, file)]);
  const found = candidates.find((path) => fileSizeOf(path) !== undefined);
  if (found !== undefined) return found;
  const places = roots.map(({ path, from }) => `${path} (${from})`).join(", ");
  throw new CellwrightError("data", expected(title, `${file}, or ${folder}/${file}, in a data folder`, places));
}
