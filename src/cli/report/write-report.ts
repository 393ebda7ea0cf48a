/** @file Writes what a study leaves for people: report.md, charts/, cells/, best/. Each is whole or not there. */
import { join } from "node:path";
import { drawCellSvg, titleOf } from "../../draw/index.ts";
import { formatValue } from "../live/live-lines.ts";
import { dataText } from "../head-line.ts";
import { studyCells } from "../candidates.ts";
import type { ExportCheck } from "../export/check.ts";
import { checkWithTorch } from "../export/check-torch.ts";
import { measuredLatency } from "../export/latency.ts";
import { exportFiles, modelOfTrial, withCard } from "../export/model.ts";
import { writeFolder, writeWhole } from "../../storage/whole-files.ts";
import type { Study } from "../../study/study.ts";
import { scalingChart } from "../scale/chart.ts";
import { reportMarkdown } from "./markdown.ts";
import { gatherReport, type ReportData } from "./report-data.ts";

export interface WrittenReport {
  readonly data: ReportData;
  /** Absolute path of report.md. */
  readonly path: string;
  /** Folders of pictures beside it. */
  readonly folders: readonly string[];
  /** What best/ holds, if there is a winner. */
  readonly best?: { readonly dir: string; readonly epochs?: number; readonly check?: ExportCheck };
}

export interface ReportOptions {
  /** Environment in which a Python with PyTorch is looked for to check the export; absent: not checked. */
  readonly checkEnv?: Readonly<Record<string, string | undefined>>;
}

/** Writes everything and says where. Can be called again at any time; charts of a running study are as new as its database. */
export async function writeReport(study: Study, options: ReportOptions = {}): Promise<WrittenReport> {
  const data = await gatherReport(study);
  const cells = cellPictures(data);
  const charts = await chartPictures(data);
  if (cells.size > 0)
    await writeFolder(join(study.dir, "cells"), new Map([...cells].map(([path, { content }]) => [path, content])));
  await writeFolder(join(study.dir, "charts"), new Map([...charts].map(([path, { content }]) => [path, content])));
  const best = data.winner === undefined ? undefined : await writeBest(study, data.winner.trial, options);
  const listed = (
    folder: string,
    pictures: ReadonlyMap<string, { readonly title: string }>,
  ): { path: string; title: string }[] =>
    [...pictures].map(([path, { title }]) => ({ path: `${folder}/${path}`, title }));
  const path = join(study.dir, "report.md");
  await writeWhole(
    path,
    reportMarkdown(data, { cells: listed("cells", cells), charts: listed("charts", charts) }, best !== undefined),
  );
  const folders = cells.size > 0 ? ["charts", "cells"] : ["charts"];
  return { data, path, folders, ...(best !== undefined && { best }) };
}

interface Picture<T> {
  readonly title: string;
  readonly content: T;
}

function cellPictures({ study, winner, measure }: ReportData): Map<string, Picture<string>> {
  if (winner === undefined) return new Map();
  const subtitle = `${study.name} · trial ${winner.trial} · ${measure} ${formatValue(winner.value)}`;
  return new Map(
    studyCells(study.definition, winner.genotype).map((cell) => [
      `${cell.name}.svg`,
      { title: titleOf(cell), content: drawCellSvg(cell, { subtitle }) },
    ]),
  );
}

async function chartPictures(data: ReportData): Promise<Map<string, Picture<Uint8Array>>> {
  // The canvas is loaded only by who draws.
  const { bestSoFarPng, operationsPng, paretoPng } = await import("../../charts/index.ts");
  const { study, finished, measure, direction } = data;
  const subtitle = `${study.name} · ${study.facts.controller} · ${finished.length} trials${dataText(study) === undefined ? "" : ` · ${dataText(study)}`}`;
  const axes = { measure: `validation ${measure}`, direction };
  const pictures = new Map<string, Picture<Uint8Array>>();
  const add = (path: string, title: string, content: Uint8Array): void => {
    pictures.set(path, { title, content });
  };
  const points = finished.map((trial) => {
    const value = trial.values?.[0];
    return {
      trial: trial.number,
      state: trial.state === "running" ? ("failed" as const) : trial.state,
      ...(value !== undefined && { value }),
    };
  });
  add("best-so-far.png", "Best so far", bestSoFarPng(points, { title: "Best so far", subtitle, ...axes }));
  const isTimed = finished.some(({ metrics }) => metrics.latencyMs !== undefined);
  for (const [key, cost] of [
    ["params", "parameters"],
    ["macs", "multiply-accumulates for one image"],
    ...(isTimed ? [["latencyMs", "milliseconds for one image"] as const] : []),
  ] as const) {
    const costs = finished.flatMap((trial) => {
      const [value, size] = [trial.values?.[0], trial.metrics[key]];
      return trial.state === "complete" && value !== undefined && size !== undefined
        ? [{ trial: trial.number, value, cost: size }]
        : [];
    });
    const title = `${measure.charAt(0).toUpperCase()}${measure.slice(1)} against ${{ params: "parameters", macs: "multiply-accumulates", latencyMs: "latency" }[key]}`;
    if (costs.length > 0) add(`${measure}-${key}.png`, title, paretoPng(costs, { title, subtitle, cost, ...axes }));
  }
  if (data.scaling !== undefined) {
    const title = `How ${data.scaling.target} should grow`;
    const chart = await scalingChart(study, data.scaling, title);
    if (chart !== undefined) add("scaling.png", title, chart);
  }
  if (data.operations.length >= 10) {
    const title = "Operations over time";
    add("operations.png", title, operationsPng(data.operations, data.operationNames, { title, subtitle }));
  }
  return pictures;
}

async function writeBest(
  study: Study,
  number: number,
  options: ReportOptions,
): Promise<NonNullable<WrittenReport["best"]> | undefined> {
  const trial = await study.storage.trial(number);
  if (trial === undefined) return undefined;
  const dir = join(study.dir, "best");
  const found = await modelOfTrial(study, trial);
  const { network, weights, epochs } = found;
  // Nothing of a study runs beside it when its report is its last word.
  const latency = options.checkEnv === undefined ? undefined : await measuredLatency(network);
  const model = withCard(found, {
    latency: latency?.text ?? `not measured: the study was stopped (\`cellwright export ${study.name}\` measures it)`,
  });
  const about = {
    space: study.definition.space.name,
    version: study.definition.space.version,
    study: study.name,
    trial: number,
    skeleton: study.definition.skeleton ?? {},
    genotype: trial.proposal.genotype,
  };
  await writeFolder(
    dir,
    new Map<string, string | Uint8Array>([
      ["genotype.json", `${JSON.stringify(about, null, 2)}\n`],
      ["network.json", `${JSON.stringify(network)}\n`],
      ...exportFiles(model, "pytorch"),
    ]),
  );
  const check =
    options.checkEnv === undefined ? undefined : await checkWithTorch({ dir, network, weights, env: options.checkEnv });
  return { dir, ...(epochs !== undefined && { epochs }), ...(check !== undefined && { check }) };
}
