/** @file Proves a TensorFlow.js export in the TensorFlow.js that is installed. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { io, Tensor } from "@tensorflow/tfjs";
import { messageOf } from "../../base/errors.ts";
import { loadTfjs, type Tf } from "../../engines/tfjs/load.ts";
import { checker, compared, type ExportCheck, type ExportChecker } from "./check.ts";

/** Loads model.json from the folder by the loader that its format names, and runs it image by image: plain JavaScript is slow enough for small batches to cost nothing. */
export const checkWithTfjs: ExportChecker = async (subject) => {
  const loaded = await loadTfjs().catch((error: unknown) => messageOf(error).split("\n")[0] ?? "");
  if (typeof loaded === "string") return { checked: false, reason: loaded, broken: false };
  const { tf, target } = loaded;
  return await checker(async ({ dir }, { images, imageShape, logits }): Promise<ExportCheck> => {
    const [count, ...shape] = imageShape;
    const given = { images, imageShape, logits };
    const size = images.length / count;
    const theirs: number[] = [];
    try {
      const model = await loadExportedTfjs(tf, dir);
      for (let i = 0; i < count; i++) {
        const out = tf.tidy(
          () => model.predict(tf.tensor(images.slice(i * size, (i + 1) * size), [1, ...shape])) as Tensor,
        );
        theirs.push(...(await out.data()));
        out.dispose();
      }
      model.dispose();
    } catch (error) {
      return { checked: false, reason: messageOf(error).split("\n")[0] ?? "", broken: true };
    }
    return compared(given, theirs, { runtime: `tfjs ${tf.version_core} ${target}` });
  })(subject);
};

/** Loads an exported folder: TensorFlow.js's own loaders read over HTTP, and from disk in tfjs-node alone. */
export async function loadExportedTfjs(
  tf: Tf,
  dir: string,
): Promise<
  Pick<import("@tensorflow/tfjs").LayersModel, "predict" | "dispose"> | import("@tensorflow/tfjs").GraphModel
> {
  const json = JSON.parse(await readFile(join(dir, "model.json"), "utf8")) as io.ModelJSON;
  const [group] = json.weightsManifest;
  const shards = await Promise.all((group?.paths ?? []).map((path) => readFile(join(dir, path))));
  const bytes = new Uint8Array(Buffer.concat(shards));
  const { format, modelTopology, signature } = json;
  const artifacts: io.ModelArtifacts = {
    ...(format !== undefined && { format }),
    modelTopology,
    ...(signature !== undefined && { signature }),
    weightSpecs: [...(group?.weights ?? [])],
    weightData: bytes.buffer,
  };
  const handler = { load: async () => artifacts };
  return json.format === "graph-model" ? await tf.loadGraphModel(handler) : await tf.loadLayersModel(handler);
}
