/** @file The PyTorch export of a trial: its files, and the proof by a real PyTorch where one is to be found. */
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { messageOf } from "../base/errors.ts";
import { createRng } from "../base/rng.ts";
import { cellText } from "../draw/index.ts";
import { encodeSafetensors, exportPyTorch } from "../export/index.ts";
import { inferShapes, initializeWeights, type Network, type Weights } from "../network/index.ts";
import type { TrialRecord } from "../storage/storage.ts";
import type { Study } from "../study/study.ts";
import { dataText } from "./head-line.ts";
import { networkOf, retrainEvaluator, studyCells, trainedWeights, validationImages } from "./candidates.ts";

export interface ExportedModel {
  readonly files: ReadonlyMap<string, Uint8Array>;
  readonly network: Network;
  readonly weights: Weights;
  /** Epochs of the retraining that the weights are from; undefined: the first values of the trial's seed. */
  readonly epochs?: number;
}

/** Returns the export of a trial, with the weights of its best retraining, else untrained and saying so. Throws `data` for broken weights. */
export async function exportTrial(study: Study, trial: TrialRecord): Promise<ExportedModel> {
  const { definition } = study;
  const { genotype } = trial.proposal;
  const network = networkOf(definition, genotype);
  const trained = await trainedWeights(study, trial.number);
  const weights = trained?.weights ?? initializeWeights(network, trial.seed);
  // The weights are the retraining's: its data, which may be more than the search's, is what the card names.
  const evaluator = trained === undefined ? definition.evaluator : retrainEvaluator(definition);
  const data = dataText(study, evaluator);
  const measure = study.objectives[0]?.name ?? "value";
  const searched = trial.values?.[0];
  const on = (images: number | undefined): string => (images === undefined ? "" : `, ${images} validation images`);
  const results = [
    ...(trained?.value === undefined
      ? []
      : [
          {
            what: `${measure} after retraining for ${trained.epochs} ${trained.epochs === 1 ? "epoch" : "epochs"}${on(validationImages(evaluator))}`,
            mean: trained.value,
            seeds: 1,
          },
        ]),
    ...(searched === undefined
      ? []
      : [
          {
            what: `${measure} in the search${on(validationImages(definition.evaluator))}`,
            mean: searched,
            seeds: 1,
          },
        ]),
  ];
  const cells = studyCells(definition, genotype).map((cell) => cellText(cell));
  const files = exportPyTorch(network, weights, {
    name: `${study.name}-trial${trial.number}`,
    description: `Trial ${trial.number} of the study ${study.name}: found by ${definition.controller.name} in the space ${definition.space.name}.`,
    ...(trained?.mean !== undefined &&
      trained.std !== undefined && { normalization: { mean: trained.mean, std: trained.std } }),
    ...(trained?.classes !== undefined && { classes: trained.classes }),
    card: {
      ...(data !== undefined && { data }),
      training:
        trained === undefined
          ? "none: these are first values (retrain the trial to train them)"
          : `${trained.epochs} epochs, seed ${trained.seed}`,
      results,
      genotype: [...cells, JSON.stringify(genotype)].join("\n\n"),
    },
  });
  return { files, network, weights, ...(trained !== undefined && { epochs: trained.epochs }) };
}

/** How far PyTorch's logits are from ours. */
export type TorchCheck =
  | {
      readonly checked: true;
      /** Largest between two logits, and the largest of ours less the smallest. */
      readonly difference: number;
      readonly range: number;
      readonly images: number;
      readonly torch: string;
      readonly params: number;
    }
  | {
      readonly checked: false;
      readonly reason: string;
      /** Whether PyTorch was there and could not run what was exported. */
      readonly broken: boolean;
    };

/** Images that an export is checked on. */
const CHECK_IMAGES = 32;

const CHECK_SCRIPT = `
import importlib.util, json, sys
spec = importlib.util.spec_from_file_location("model", sys.argv[1] + "/model.py")
model = importlib.util.module_from_spec(spec)
spec.loader.exec_module(model)
import torch
given = model.read_safetensors(sys.argv[2])
net = model.load()
with torch.no_grad():
    logits = net(given["images"].permute(0, 3, 1, 2))
print(json.dumps({
    "difference": (logits - given["logits"]).abs().max().item(),
    "params": sum(parameter.numel() for parameter in net.parameters()),
    "torch": torch.__version__,
}))
`;

/**
 * Runs the exported folder in a real PyTorch (`$CELLWRIGHT_PYTHON`, else python3) and compares logits on 32 normally distributed images.
 * Never throws: where there is no PyTorch, or no engine, the reason is in the answer.
 */
export async function checkWithTorch(
  dir: string,
  network: Network,
  weights: Weights,
  env: Readonly<Record<string, string | undefined>>,
): Promise<TorchCheck> {
  const python = env["CELLWRIGHT_PYTHON"] ?? "python3";
  const run = promisify(execFile);
  const found = await run(python, ["-c", "import torch"], { timeout: 60_000 }).then(
    () => undefined,
    () => `no PyTorch found by ${python} (set CELLWRIGHT_PYTHON to a Python that has it)`,
  );
  if (found !== undefined) return { checked: false, reason: found, broken: false };
  const folder = await mkdtemp(join(tmpdir(), "cellwright-"));
  try {
    const { openEngine } = await import("../engines/index.ts");
    const engine = await openEngine("auto");
    const session = await engine.open(network, {
      batchSize: CHECK_IMAGES,
      seed: 0,
      optimizer: { momentum: 0, nesterov: false, weightDecay: 0 },
      loss: { labelSmoothing: 0, auxiliaryWeight: 0 },
      weights,
      training: false,
    });
    const [height = 0, width = 0, channels = 0] = inputShape(network);
    const rng = createRng("export/check");
    const images = Float32Array.from({ length: CHECK_IMAGES * height * width * channels }, () => rng.normal());
    const logits = await session.predict(images, CHECK_IMAGES);
    await session.close();
    const given = join(folder, "given.safetensors");
    const tensors = new Map([
      ["images", { shape: [CHECK_IMAGES, height, width, channels], data: images }],
      ["logits", { shape: [CHECK_IMAGES, logits.length / CHECK_IMAGES], data: Float32Array.from(logits) }],
    ]);
    await writeFile(given, encodeSafetensors(tensors));
    const ran = await run(python, ["-c", CHECK_SCRIPT, dir, given], { timeout: 300_000 }).catch(lastWords);
    if (typeof ran === "string") return { checked: false, reason: ran, broken: true };
    const answer = JSON.parse(ran.stdout) as { difference: number; params: number; torch: string };
    const range = logits.reduce((a, b) => Math.max(a, b)) - logits.reduce((a, b) => Math.min(a, b));
    return { checked: true, images: CHECK_IMAGES, range, ...answer };
  } catch (error) {
    return { checked: false, reason: messageOf(error).split("\n")[0] ?? "", broken: false };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** What a Python that failed said last, else the error's own first line. */
function lastWords(error: unknown): string {
  const said = (error as { stderr?: unknown }).stderr;
  const line = typeof said === "string" ? said.trim().split("\n").at(-1) : undefined;
  return (line === undefined || line === "" ? (messageOf(error).split("\n")[0] ?? "") : line).slice(0, 200);
}

function inputShape(network: Network): readonly number[] {
  const input = network.nodes.find((node) => node.op === "input");
  return (input === undefined ? undefined : inferShapes(network).get(input.id)) ?? [];
}

/** Float32 sums in another order differ by less: more is a fault. */
const AGREEMENT = 1e-3;

/** Whether PyTorch's logits are ours; undefined where that could not be checked. */
export function torchAgrees(check: TorchCheck): boolean | undefined {
  if (!check.checked) return check.broken ? false : undefined;
  // Written so that NaN does not agree.
  return shareOf(check) <= AGREEMENT;
}

function shareOf({ difference, range }: { readonly difference: number; readonly range: number }): number {
  return difference / Math.max(range, Number.MIN_VALUE);
}

/** Returns the line that says how the check went. */
export function torchCheckText(check: TorchCheck): string {
  if (!check.checked)
    return `${check.broken ? "DOES NOT RUN IN PYTORCH" : "not checked against PyTorch"}: ${check.reason}`;
  const share = shareOf(check);
  const verdict = torchAgrees(check) === true ? "logits agree with ours" : "LOGITS DIFFER FROM OURS";
  return `${verdict}: ${share.toExponential(0)} of their range on ${check.images} images (torch ${check.torch})`;
}
