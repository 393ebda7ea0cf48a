/**
 * @file The TensorFlow.js export: model.json and its shards, as stock `@tensorflow/tfjs` loads them. Of layers where every operation is a stock layer, else a graph, which has all
 * operations and cannot be trained on.
 */
import { CellwrightError } from "../../base/errors.ts";
import { formatCount } from "../../base/units.ts";
import type { Network, Weights } from "../../network/network.ts";
import type { Exporter, ExportOptions } from "../exporter.ts";
import { modelCard } from "../model-card.ts";
import { graphModel } from "./graph-model.ts";
import { layerProblem, layersModel } from "./layers-model.ts";
import { tfjsSubject, type TfjsSubject } from "./subject.ts";
import { weightShards } from "./weight-shards.ts";

/** Which loader reads a model. */
export type TfjsForm = "layers" | "graph";

/**
 * Returns `model.json`, the shards and `README.md`. An auxiliary head, which only training uses, is left out. `form` is chosen by the network unless it is given.
 * Throws `data` for a missing or misshapen weight, `shape` for a malformed network, `unsupported-op` where layers are asked for and a node is none.
 */
export function exportTfjs(
  network: Network,
  weights: Weights,
  options: ExportOptions = {},
  form?: TfjsForm,
): Map<string, Uint8Array> {
  const subject = tfjsSubject(network, weights);
  const problem = firstProblem(subject);
  if (form === "layers" && problem !== undefined)
    throw new CellwrightError(
      "unsupported-op",
      `${network.name}: ${problem.node}  Expected what a stock layer of TensorFlow.js computes. Received: ${problem.what}.`,
    );
  const isLayers = form === undefined ? problem === undefined : form === "layers";
  const { topology, tensors, signature } = isLayers
    ? { ...layersModel(subject), signature: undefined }
    : graphModel(subject);
  const { files, manifest } = weightShards(tensors);
  const model = {
    format: isLayers ? "layers-model" : "graph-model",
    generatedBy: "Cellwright",
    convertedBy: null,
    modelTopology: topology,
    weightsManifest: manifest,
    ...(signature !== undefined && { signature }),
    userDefinedMetadata: {
      name: options.name ?? network.name,
      ...(options.classes !== undefined && { classes: options.classes }),
      ...(options.normalization !== undefined && { normalization: options.normalization }),
    },
  };
  const text = new TextEncoder();
  const bytes = [...files.values()].reduce((total, { length }) => total + length, 0);
  return new Map([
    ["model.json", text.encode(`${JSON.stringify(model)}\n`)],
    ...files,
    [
      "README.md",
      text.encode(cardOf(subject, options, { isLayers, problem: problem?.what, shards: files.size, bytes })),
    ],
  ]);
}

/** TensorFlow.js as a target. */
export const tfjs: Exporter = {
  title: "TensorFlow.js",
  summary: "model.json and shards that tf.loadLayersModel or tf.loadGraphModel loads",
  export: (network, weights, options) => exportTfjs(network, weights, options),
};

function firstProblem({ nodes, shapeOf }: TfjsSubject): { readonly node: string; readonly what: string } | undefined {
  for (const node of nodes) {
    const what = layerProblem(
      node,
      node.inputs.map((id) => shapeOf(id)),
    );
    if (what !== undefined) return { node: node.id, what };
  }
  return undefined;
}

interface CardFacts {
  readonly isLayers: boolean;
  readonly problem: string | undefined;
  readonly shards: number;
  readonly bytes: number;
}

function cardOf({ network, nodes }: TfjsSubject, options: ExportOptions, facts: CardFacts): string {
  const { isLayers, problem, shards, bytes } = facts;
  const input = nodes.find((node) => node.op === "input");
  const image = input?.op === "input" ? input.attributes.shape : [];
  const { mean, std } = options.normalization ?? {};
  const scaled =
    mean === undefined ? "" : `.sub(tf.tensor1d([${mean.join(", ")}])).div(tf.tensor1d([${std?.join(", ")}]))`;
  const loader = isLayers ? "loadLayersModel" : "loadGraphModel";
  const why = isLayers
    ? "It is a model of layers, each named by its path in the network: it can be trained on."
    : `It is a graph, which can't be trained on: no stock layer of TensorFlow.js computes ${problem ?? "some operation"}.`;
  return modelCard(network, options, {
    weights: `${shards === 1 ? "group1-shard1of1.bin" : `${shards} shards`}, ${formatCount(bytes)} bytes, float32`,
    use: [
      `\`model.json\` and its shards load with \`@tensorflow/tfjs\` 4 in a browser or in Node. ${why}`,
      "",
      "```js",
      'import * as tf from "@tensorflow/tfjs";',
      "",
      `const model = await tf.${loader}("https://…/model.json");   // wherever this folder is served`,
      `const images = tf.zeros([1, ${image.join(", ")}]);           // bytes, 0 to 255: height, width, channels`,
      `const logits = model.predict(images.div(255)${scaled});   // [n, classes]`,
      "```",
      ...(network.outputs.auxiliary === undefined
        ? []
        : ["", "The auxiliary head, which only training uses, is left out."]),
    ],
  });
}
