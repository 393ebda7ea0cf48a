/** @file `cellwright export`: a candidate or a network as code and weights that need nothing of ours. */
import { join, relative } from "node:path";
import type { Command } from "commander";
import { CellwrightError, expected } from "../../base/errors.ts";
import { exporters, exportTargets, type Exporter, type ExportTarget } from "../../export/index.ts";
import { writeIntoFolder } from "../../storage/whole-files.ts";
import { chosenTrial } from "../candidates.ts";
import { recipeNames, recipes, recipeSources, type RecipeName } from "../../training/index.ts";
import { addCommand, withJson, withResults } from "../common-options.ts";
import { agrees, checkText, type ExportCheck } from "../export/check.ts";
import { checkers } from "../export/checkers.ts";
import { measuredLatency, processorName } from "../export/latency.ts";
import { exportFiles, foldedModel, modelOfSubject, modelOfTrial, withCard, type ExportModel } from "../export/model.ts";
import { exitCodes, PrintedFailure } from "../failure.ts";
import { print, printJson, type CliIo } from "../io.ts";
import { wholeNumberFlag } from "../numbers.ts";
import { withStudy } from "../open-study.ts";
import { subjectText } from "../subject-text.ts";
import { findSubject } from "../subject.ts";

/** Targets whose models may take bytes. */
const byteTargets: readonly ExportTarget[] = exportTargets.filter((target) => {
  const { takesBytes }: Exporter = exporters[target];
  return takesBytes === true;
});

interface ExportCommandOptions {
  readonly results: string;
  readonly to: ExportTarget;
  readonly out?: string;
  readonly trial?: number;
  readonly untrained?: boolean;
  readonly foldBatchNorm?: boolean;
  readonly bytes?: boolean;
  readonly withTraining?: RecipeName | true;
  readonly latency: boolean;
  readonly licence?: string;
  readonly check: boolean;
  readonly json?: boolean;
}

/** What is exported, with the folder it goes to unless told otherwise, and why it can't be exported as trained, where it is not. */
interface Found {
  readonly model: ExportModel;
  readonly dir: string;
  readonly untrained?: string;
  readonly trial?: number;
}

export function addExport(program: Command, io: CliIo): void {
  const targets = exportTargets.map((target) => `${target}: ${exporters[target].summary}`).join("; ");
  const command = addCommand(
    program,
    "export",
    "Writes a candidate or a network as code and weights that need nothing of ours, with a model card.",
    [
      ["export nasnet-cifar10", "the best, into results/nasnet-cifar10/export/pytorch/"],
      ["export nasnet-cifar10 --to pytorch --out my-model", "elsewhere"],
      ["export nasnet-cifar10 --to onnx --fold-batch-norm --bytes", "one file for ONNX Runtime, which takes bytes"],
      ["export nasnet-cifar10 --trial 12", "another, which was retrained"],
      ["export efficientnet-b0 --untrained", "a network by name, with first values as weights"],
      ["export my-model --to cellwright", "a model that was imported, with its weights"],
      ["export resnet-20-cifar --untrained --with-training", "train.py beside it: its training in PyTorch"],
    ],
  )
    .argument("<subject>", subjectText)
    .option("--to <target>", targets, exportTarget, "pytorch" as const)
    .option(
      "--out <dir>",
      "folder; default export/<target>/ in the study's or training's own, else <network>-<target>/. Files of the same names are replaced",
    )
    .option("--trial <n>", "this trial instead of the best", wholeNumberFlag("--trial", 0))
    .option("--untrained", "export what was not trained, with first values as weights")
    .option("--fold-batch-norm", "batch normalisation becomes part of the convolution before it: for inference alone")
    .option("--bytes", `images as bytes, which the model itself normalises (${byteTargets.join(", ")})`)
    .option(
      "--with-training [recipe]",
      `write train.py too (pytorch, networks for CIFAR-10): trains by ${recipeNames.join(", ")}; default ${defaultRecipe}`,
      trainingRecipe,
    )
    .option("--licence <text>", "licence of the code and weights, for the card: MIT")
    .option("--no-latency", "do not measure the time of one image on the native engine for the card")
    .option("--no-check", "do not compare logits with the target's runtime, where one is found on this machine");
  withJson(withResults(command)).action(async (name: string, options: ExportCommandOptions) => {
    if (options.bytes === true && !byteTargets.includes(options.to))
      throw new CellwrightError("config", expected("--bytes", `--to ${byteTargets.join(" or ")}`, options.to));
    const { model: found, dir: usual, untrained, trial } = await findModel(name, options);
    if (untrained !== undefined && options.untrained !== true) throw new CellwrightError("config", untrained);
    const dir = options.out ?? usual;
    const { network, weights, epochs } = found;
    const folded = options.foldBatchNorm === true ? foldedModel(found) : found;
    const inBytes: ExportModel =
      options.bytes === true ? { ...folded, options: { ...folded.options, bytes: true } } : folded;
    const trains = withTraining(inBytes, options);
    // Whoever exports a model that was imported may not want its figure measured again, on another machine.
    const latency = options.latency ? await measuredLatency(network) : undefined;
    const stated = latency?.text ?? found.options.card?.latency ?? "not measured: exported with --no-latency";
    const model = withCard(trains, {
      latency: stated,
      ...(options.licence !== undefined && { licence: options.licence }),
    });
    const files = exportFiles(model, options.to);
    await writeIntoFolder(dir, files);
    // Against the network as it was found: folding is proven, too.
    const check = options.check
      ? await checkers[options.to]({ dir, network, weights, options: model.options, env: io.env })
      : undefined;
    const card = cardWithLatency(model, options.to, check);
    if (card !== undefined) await writeIntoFolder(dir, card);
    if (options.json === true) {
      printJson(io, {
        ...(trial !== undefined && { trial }),
        to: options.to,
        dir,
        files: [...files.keys()],
        epochs: epochs ?? null,
        latencyMs: latency?.ms ?? null,
        check: check === undefined ? null : { ...check, agrees: agrees(check) ?? null },
      });
    } else {
      const names = [...files.keys()];
      print(
        io,
        `${relative(process.cwd(), join(dir, names[0] ?? ""))}, ${names.slice(1).join(", ")}${check === undefined ? "" : ` · ${checkText(check, exporters[options.to].title)}`}`,
      );
    }
    if (check !== undefined && agrees(check) === false) throw new PrintedFailure(exitCodes.ours);
  });
}

/** Returns README.md with the latency that the proof measured, where it did. */
function cardWithLatency(
  model: ExportModel,
  to: ExportTarget,
  check: ExportCheck | undefined,
): ReadonlyMap<string, Uint8Array> | undefined {
  if (check?.checked !== true || check.latencyMs === undefined || agrees(check) !== true) return undefined;
  const where = [check.runtime, processorName()].filter((text) => text !== "").join(", ");
  const theirs = `${check.latencyMs.toPrecision(3)} ms for one image: ${where}`;
  const ours = model.options.card?.latency;
  const both = withCard(model, { latency: ours === undefined ? theirs : `${ours}; ${theirs}` });
  const card = exportFiles(both, to).get("README.md");
  return card && new Map([["README.md", card]]);
}

const defaultRecipe = "bag-of-tricks" satisfies RecipeName;

/** Returns the recipe of `--with-training`. Throws `config` for another. */
function trainingRecipe(text: string): RecipeName {
  const name = recipeNames.find((one) => one === text);
  if (name === undefined)
    throw new CellwrightError("config", expected("--with-training", recipeNames.join(", "), text));
  return name;
}

/** Returns the model with the training that is written beside it, where one is asked for. Throws `config` where the target writes none. */
function withTraining(
  model: ExportModel,
  { to, withTraining: given }: { readonly to: ExportTarget; readonly withTraining?: RecipeName | true },
): ExportModel {
  if (given === undefined) return model;
  const name = given === true ? defaultRecipe : given;
  const exporter: Exporter = exporters[to];
  if (exporter.trains !== true)
    throw new CellwrightError("config", expected("--with-training", "a target that can be trained: --to pytorch", to));
  const training = { name, recipe: recipes[name], epochs: recipeSources[name].epochs };
  return { ...model, options: { ...model.options, training } };
}

async function findModel(name: string, { results, trial: number, to }: ExportCommandOptions): Promise<Found> {
  const subject = await findSubject(name, { results, ...(number !== undefined && { trial: number }) });
  const { study } = subject;
  if (study === undefined) {
    const model = await modelOfSubject(subject);
    const received =
      subject.model?.weights === undefined
        ? "an architecture, which has no weights"
        : "a model whose weights are first values";
    return {
      model,
      dir:
        subject.folder === "."
          ? `${subject.name.replaceAll(/[^\w.-]+/gu, "-")}-${to}`
          : join(subject.folder, "export", to),
      ...(model.epochs === undefined && {
        untrained: `${name}  Expected something that was trained. Received: ${received}. Export it with --untrained.`,
      }),
    };
  }
  return await withStudy(study.name, results, async (opened) => {
    const trial = await chosenTrial(opened, study.trial);
    const model = await modelOfTrial(opened, trial);
    return {
      model,
      dir: join(opened.dir, "export", to),
      trial: trial.number,
      ...(model.epochs === undefined && {
        untrained: `trial ${trial.number}  Expected a retrained trial, which has weights. Received: one that only the search trained. Retrain it by \`cellwright retrain ${opened.name} --trial ${trial.number}\`, or export it with --untrained.`,
      }),
    };
  });
}

/** Returns the `--to` of an export. Throws `config` for another. */
function exportTarget(text: string): ExportTarget {
  const target = exportTargets.find((one) => one === text);
  if (target === undefined) throw new CellwrightError("config", expected("--to", exportTargets.join(", "), text));
  return target;
}
