/** @file `cellwright import`: a model that was exported, or a network as JSON, checked and taken among one's own. */
import { stat } from "node:fs/promises";
import { basename, join, relative, resolve } from "node:path";
import type { Command } from "commander";
import { namedNetwork } from "../../../search-spaces/index.ts";
import { CellwrightError, expected } from "../../base/errors.ts";
import { formatCount, formatMacs } from "../../base/units.ts";
import { exportCellwright, type CellwrightModel } from "../../export/index.ts";
import { costOf, inferShapes } from "../../network/index.ts";
import { writeFolder } from "../../storage/whole-files.ts";
import { isStudyName } from "../../study/validate-definition.ts";
import { addCommand, withJson, withResults } from "../common-options.ts";
import { print, printJson, type CliIo } from "../io.ts";
import { readNetworkFile } from "../../study/network-file.ts";
import { DRAWING, drawingOf } from "../export/drawing.ts";
import { candidateOf, isModelFolder, readModelFolder } from "../models.ts";
import { checkResultsDir } from "../open-study.ts";
import { publishedGenotypes } from "../published.ts";
import { shelfSpaces } from "../shelf-spaces.ts";

interface ImportOptions {
  readonly results: string;
  readonly name?: string;
  readonly json?: boolean;
}

export function addImport(program: Command, io: CliIo): void {
  const command = addCommand(
    program,
    "import",
    "Takes back what `export --to cellwright` wrote, or a network as JSON: checks all of it, shows what it is, and keeps it under a name that every command takes.",
    [
      ["import my-model/", "into results/<its name>/"],
      ["import my-model/ --name ours", "under a name of your own"],
      ["import network.json", "an architecture alone"],
      ["import results/old/export/cellwright", "a study's export; then: search --start-from <its name>"],
    ],
  )
    .argument("<folder|file>", "folder with a model.json, or a network.json")
    .option("--name <name>", "name to keep it under; default the model's own");
  withJson(withResults(command)).action(async (path: string, options: ImportOptions) => {
    const model = await readModel(path);
    const candidate = candidateOf(model, path);
    const name = options.name ?? (model.options.name ?? model.network.name).replaceAll(/[^\w.-]+/gu, "-");
    await checkName(name, options);
    const dir = join(options.results, name);
    // Written anew rather than copied: an older version becomes the newest, and nothing comes along that was not checked.
    const files = exportCellwright(model.network, model.weights, { ...model.options, name });
    if (model.options.card?.drawing === DRAWING) {
      const known = typeof candidate === "string" ? undefined : candidate;
      files.set(DRAWING, drawingOf(model.network, known, { title: name, subtitle: model.options.description }));
    }
    await checkResultsDir(options.results);
    await writeFolder(dir, files);
    if (options.json === true) {
      const { params, total, macs } = costOf(model.network);
      printJson(io, {
        name,
        dir,
        files: [...files.keys()],
        params,
        total,
        macs,
        weights: model.weights !== undefined,
        epochs: model.options.epochs ?? null,
        candidate: model.options.candidate ?? null,
      });
      return;
    }
    for (const line of lines(name, dir, model, candidate)) print(io, line);
  });
}

async function readModel(path: string): Promise<CellwrightModel> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined)
    throw new CellwrightError("config", expected(path, "a model's folder, or a network as JSON", "no such file"));
  if (found.isDirectory()) {
    if (await isModelFolder(path)) return await readModelFolder(path);
    throw new CellwrightError(
      "data",
      `${path}  Expected a folder with a model.json, as \`cellwright export --to cellwright\` writes it. Received: one without.`,
    );
  }
  // The manifest stands for its folder.
  if (basename(path) === "model.json") return await readModelFolder(join(path, ".."));
  const network = await readNetworkFile(path);
  return { network, options: { name: network.name }, formatVersion: 1 };
}

/** Throws `config` where the name is none, or is taken: a subject's name must mean one thing. */
async function checkName(name: string, { results }: ImportOptions): Promise<void> {
  const refuse = (received: string): never => {
    throw new CellwrightError(
      "config",
      `${name}  Expected a name that is free. Received: ${received}. Choose another with --name.`,
    );
  };
  if (!isStudyName(name))
    throw new CellwrightError(
      "config",
      expected("--name", "a name of letters, digits, dots, - and _, beginning with a letter or digit", name),
    );
  if (namedNetwork(name) !== undefined) refuse("that of a network");
  if (publishedGenotypes().has(name)) refuse("that of a published genotype");
  if (shelfSpaces().has(name)) refuse("that of a space");
  const taken = await stat(resolve(results, name)).catch(() => undefined);
  if (taken !== undefined) refuse(`${join(results, name)}, which is there already`);
}

function lines(name: string, dir: string, model: CellwrightModel, candidate: ReturnType<typeof candidateOf>): string[] {
  const { network, weights, options } = model;
  const { params, macs } = costOf(network);
  const shapes = inferShapes(network);
  const image = shapes.get(network.nodes.find(({ op }) => op === "input")?.id ?? "") ?? [];
  const epochs = options.epochs === undefined ? "first values" : `trained for ${formatCount(options.epochs)} epochs`;
  const genotype =
    typeof candidate === "string" ? `none to go on from: ${candidate}` : `of ${candidate.space.name}, checked`;
  const rows: readonly (readonly [string, string | undefined])[] = [
    ["what", options.description],
    ["network", `${formatCount(network.nodes.length)} nodes, ${formatCount(params)} params, ${formatMacs(macs)}`],
    ["images", `${image.join("x")}, ${shapes.get(network.outputs.logits)?.[0] ?? 0} classes`],
    ["weights", weights === undefined ? "none: an architecture alone" : epochs],
    ["genotype", genotype],
  ];
  const usable = [
    `cellwright profile ${name}`,
    `cellwright export ${name} --to pytorch${options.epochs === undefined ? " --untrained" : ""}`,
    ...(typeof candidate === "string" ? [] : [`cellwright scale ${name}`, `cellwright search --start-from ${name}`]),
  ];
  return [
    `${name}  ${relative(process.cwd(), resolve(dir)) || "."}/`,
    ...rows.flatMap(([key, value]) => (value === undefined ? [] : [`  ${key.padEnd(9)} ${value}`])),
    `  ${"then".padEnd(9)} ${usable.join("\n".padEnd(13))}`,
  ];
}
