/** @file Runs a Python script on an exported folder: the Python of `$CELLWRIGHT_PYTHON`, else python3. */
import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { messageOf } from "../../base/errors.ts";
import { encodeSafetensors } from "../../export/index.ts";
import { checker, compared, type ExportChecker } from "./check.ts";

/** What is run, and what it needs. */
export interface PythonCheck {
  /** For people: `PyTorch`. */
  readonly title: string;
  /** Modules that must be importable, else the check is left out with the reason: `["torch"]`. */
  readonly modules: readonly string[];
  /** Run before the modules are looked for: what importing them needs. */
  readonly prelude?: string;
  /** Further environment: `{ KERAS_BACKEND: "tensorflow" }`. */
  readonly env?: Readonly<Record<string, string>>;
  /**
   * The script. `sys.argv[1]` is the exported folder, `sys.argv[2]` a safetensors file with `images` `[n, h, w, c]` (`sys.argv[3]` the same as raw float32, row-major;
   * `sys.argv[4]` its shape as JSON). Its last line is JSON: `{ "logits": [[…]], "runtime": "torch 2.13", "params": n }`.
   */
  readonly script: string;
}

/** Returns the checker that runs the script. */
export function pythonChecker({ title, modules, prelude = "", env: more = {}, script }: PythonCheck): ExportChecker {
  return async (subject) => {
    const run = promisify(execFile);
    const env = { ...process.env, ...more };
    const given = subject.env["CELLWRIGHT_PYTHON"];
    // The system's own may have Debian's python3-torch where another python3 is first on the path.
    const pythons = given === undefined ? ["python3", "/usr/bin/python3"] : [given];
    const imports = `${prelude}\nimport ${modules.join(", ")}`;
    const tried = await Promise.all(
      pythons.map(async (one) =>
        run(one, ["-c", imports], { timeout: 120_000, env }).then(
          () => one,
          () => undefined,
        ),
      ),
    );
    const python = tried.find((one) => one !== undefined);
    if (python === undefined) {
      const reason = `no ${title} found by ${pythons[0]} (set CELLWRIGHT_PYTHON to a Python that has it)`;
      return { checked: false, reason, broken: false };
    }
    return await checker(async ({ dir }, given, folder) => {
      const { images, imageShape } = given;
      const tensors = join(folder, "given.safetensors");
      const raw = join(folder, "images.f32");
      await writeFile(tensors, encodeSafetensors(new Map([["images", { shape: imageShape, data: images }]])));
      await writeFile(raw, new Uint8Array(images.buffer, images.byteOffset, images.byteLength));
      const args = ["-c", script, dir, tensors, raw, JSON.stringify(imageShape)];
      const ran = await run(python, args, { timeout: 600_000, env, maxBuffer: 2 ** 28 }).catch(lastWords);
      if (typeof ran === "string") return { checked: false, reason: ran, broken: true };
      const answer = JSON.parse(ran.stdout.trim().split("\n").at(-1) ?? "") as {
        readonly logits: readonly (readonly number[])[];
        readonly runtime: string;
        readonly params?: number;
        readonly latencyMs?: number;
      };
      const { logits, ...rest } = answer;
      return compared(given, logits.flat(), rest);
    })(subject);
  };
}

/** What a Python that failed said last, else the error's own first line. */
function lastWords(error: unknown): string {
  const said = (error as { stderr?: unknown }).stderr;
  const line = typeof said === "string" ? said.trim().split("\n").at(-1) : undefined;
  return (line === undefined || line === "" ? (messageOf(error).split("\n")[0] ?? "") : line).slice(0, 200);
}
