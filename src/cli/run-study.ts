/** @file A search from its first trial to its report: what `search` and `resume` do once the study is open. */
import { join, relative } from "node:path";
import { formatCount, formatDuration, formatMacs } from "../base/units.ts";
import type { ScalingResults } from "../study/scaling/results.ts";
import type { Study } from "../study/study.ts";
import { accuracyImages, topCandidates } from "./candidates.ts";
import { agrees, checkText } from "./export/check.ts";
import { exitCodes, Interrupted, PrintedFailure } from "./failure.ts";
import { failureReasons } from "./failure-reasons.ts";
import { listenForInterrupts } from "./interrupts.ts";
import { print, tableWidth, type CliIo } from "./io.ts";
import { formatValue } from "./live/live-lines.ts";
import { watch, type Watcher } from "./live/watch.ts";
import { goOnCommands } from "./report/markdown.ts";
import { resultsFlag } from "./results-flag.ts";
import type { WrittenReport } from "./report/write-report.ts";
import { comparisonLines, gridLines, imagesOf } from "./scale/results.ts";
import { scaleTableLines } from "./scaling.ts";
import { wrap } from "./table.ts";
import { baselineVerdict, topTable } from "./top-table.ts";

export interface FollowOptions {
  /** Whether the best are retrained after the search, if the study says so. */
  readonly retrain: boolean;
}

/** Searches, retrains, writes the report, and prints each. Throws `Interrupted` where Ctrl-C ended it, everything kept. */
export async function followSearch(study: Study, io: CliIo, options: FollowOptions): Promise<WrittenReport> {
  const watcher = lateWatcher(io);
  const interrupts = listenForInterrupts((line) => watcher.say(io.colors.yellow(line)));
  try {
    const thenRetrain = options.retrain && study.definition.retrain !== undefined;
    const { finished } = await watch(study, study.run({ ...interrupts, thenRetrain }), io, watcher.attach);
    watcher.detach();
    if (finished?.reason === "interrupt" || interrupts.pressed) await leave(study, io, finished?.kept ?? 0);
    const count = (await study.storage.trials()).length;
    print(io);
    print(
      io,
      io.colors.bold(
        `The best of ${formatCount(count)} trials in ${formatDuration((await study.status()).elapsedMs)}${reasonText(finished?.reason)}`,
      ),
    );
    const hasBest = await printTop(study, io);
    if (hasBest && options.retrain && study.definition.retrain !== undefined) {
      const { epochs } = study.definition.retrain;
      const top = Math.min(study.definition.retrain.top, (await study.top()).length);
      await followRetrain(
        study,
        io,
        { heading: `Retraining the best ${top === 1 ? "one" : top} for ${epochs} epochs` },
        interrupts,
        watcher,
      );
    }
    if (hasBest && options.retrain) await followBaseline(study, io, interrupts, watcher);
    return await finish(study, io);
  } finally {
    interrupts.dispose();
  }
}

/** Trains what is left of the baseline, if the study has one, and prints the winner's table with it. */
export async function followBaseline(
  study: Study,
  io: CliIo,
  interrupts: ReturnType<typeof listenForInterrupts>,
  watcher: ReturnType<typeof lateWatcher>,
  goOn?: string,
): Promise<void> {
  const planned = await study.baseline();
  if (planned === undefined) return;
  const { plan, left } = planned;
  if (left > 0) {
    const sizes = `${formatCount(plan.params)} params, ${formatMacs(plan.macs)}`;
    print(io);
    print(io, io.colors.bold(`The baseline: ${plan.name} (${sizes}), trained as trial ${plan.winner.number} was`));
    const { signal, hardSignal } = interrupts;
    await watch(study, study.trainBaseline({ signal, hardSignal }), io, watcher.attach);
    watcher.detach();
    if (interrupts.pressed) await leave(study, io, 0, goOn);
  }
  const baseline = (await study.baseline())?.trained;
  if (baseline === undefined) return;
  const measure = study.objectives[0]?.name ?? "value";
  const images = accuracyImages(study);
  const [winner] = await topCandidates(study, 1);
  if (winner === undefined) return;
  print(io);
  const table = { measure, images: {}, baseline, width: tableWidth(io), dim: io.colors.dim };
  for (const line of topTable([winner], table)) print(io, line);
  const verdict = baselineVerdict(winner, baseline, images);
  if (verdict !== undefined) print(io, io.colors.dim(verdict));
}

export interface RetrainRequest {
  readonly heading: string;
  /** What to type to go on after Ctrl-C; default a resume of the study. */
  readonly goOn?: string;
  readonly top?: number;
  readonly epochs?: number;
  readonly seeds?: number;
  readonly trials?: readonly number[];
}

/** Retrains and prints what came of it. */
export async function followRetrain(
  study: Study,
  io: CliIo,
  { heading, goOn, ...request }: RetrainRequest,
  interrupts: ReturnType<typeof listenForInterrupts>,
  watcher: ReturnType<typeof lateWatcher>,
): Promise<void> {
  print(io);
  print(io, io.colors.bold(heading));
  await watch(
    study,
    study.retrain({ ...request, signal: interrupts.signal, hardSignal: interrupts.hardSignal }),
    io,
    watcher.attach,
  );
  watcher.detach();
  if (interrupts.pressed) await leave(study, io, 0, goOn);
  const measure = study.objectives[0]?.name ?? "value";
  for (const candidate of await topCandidates(study, 1000)) {
    if (candidate.retrained.length === 0 || (request.trials !== undefined && !request.trials.includes(candidate.trial)))
      continue;
    const values = candidate.retrained.map(formatValue).join(", ");
    print(
      io,
      `trial ${candidate.trial}  ${measure} ${io.colors.green(values)} retrained, ${formatValue(candidate.value)} in the search`,
    );
  }
}

/** Writes report, pictures and export, and prints where they are and how to go on. */
export async function finish(study: Study, io: CliIo): Promise<WrittenReport> {
  const { writeReport } = await import("./report/write-report.ts");
  const report = await writeReport(study, { checkEnv: io.env });
  if (report.data.scaled.length > 0) {
    print(io);
    print(
      io,
      io.colors.bold(`Trial ${report.data.winner?.trial} at larger sizes, up to ten times its multiply-accumulates`),
    );
    for (const line of scaleTableLines(report.data.scaled, { dim: io.colors.dim, width: tableWidth(io) }))
      print(io, line);
  }
  if (report.data.scaling !== undefined) printScaling(study, report.data.scaling, io);
  print(io);
  for (const line of placesLines(report, io)) print(io, line);
  print(io);
  print(io, io.colors.dim("to go on"));
  const commands = goOnCommands(study, report.data.winner !== undefined);
  for (const line of commandLines(commands, tableWidth(io), io.colors.dim)) print(io, line);
  return report;
}

/** Prints what a search for coefficients found. */
export function printScaling(study: Study, scaling: ScalingResults, io: CliIo): void {
  const options = { images: imagesOf(study), dim: io.colors.dim, width: tableWidth(io) };
  print(io);
  print(io, io.colors.bold(`The grid of ${scaling.target}: coefficients at phi = 1`));
  for (const line of gridLines(scaling, options)) print(io, line);
  print(io);
  print(io, io.colors.bold("Compound scaling and each axis alone, at equal multiply-accumulates"));
  for (const line of comparisonLines(scaling, options)) print(io, line);
}

/** Returns commands with what they do beside them, or without it where the window has no room for that. */
export function commandLines(
  commands: readonly { readonly command: string; readonly what: string }[],
  width: number,
  dim: (text: string) => string = (text) => text,
): string[] {
  const longest = Math.max(...commands.map(({ command }) => command.length));
  const fits = commands.every(({ what }) => longest + what.length + 5 <= width);
  return commands.map(({ command, what }) => (fits ? `  ${command.padEnd(longest)}   ${dim(what)}` : `  ${command}`));
}

/** With `--json` what happens is told on standard error, and standard output has the summary alone. */
export function progressIo(io: CliIo, isJson: boolean): CliIo {
  return isJson ? { ...io, out: io.err, colors: io.errColors } : io;
}

/** Ends a search that came to nothing as a failure: a script that goes on from its best must know. */
export function requireWinner({ data }: WrittenReport): void {
  if (data.winner === undefined) throw new PrintedFailure(exitCodes.yours);
}

/** Returns a finished search as JSON, numbers raw. */
export async function summaryOf(study: Study, { data, path, best }: WrittenReport): Promise<unknown> {
  const { trials, elapsedMs } = await study.status();
  return {
    study: study.name,
    dir: study.dir,
    report: path,
    trials,
    elapsedMs,
    top: data.top,
    baseline: data.baseline ?? null,
    scaled: data.scaled.map(({ label, size, isChosen }) => ({
      label,
      phi: size.phi,
      skeleton: size.skeleton,
      params: size.params,
      macs: size.macs,
      largestThatFits: isChosen,
    })),
    best: best ?? null,
  };
}

function placesLines(report: WrittenReport, io: CliIo): string[] {
  const here = (path: string): string => relative(process.cwd(), path) || ".";
  const indent = " ".repeat(8);
  const under = (text: string, style: (text: string) => string): string[] =>
    wrap(text, tableWidth(io) - indent.length).map((line) => style(indent + line));
  const folders = report.folders.map((folder) => `${folder}/`).join(" and ");
  const lines = [`${io.colors.dim("report")}  ${io.colors.bold(here(report.path))}, with ${folders}`];
  const { best } = report;
  if (best === undefined) return [...lines, ...under("no trial has completed: nothing to export", String)];
  lines.push(
    `${io.colors.dim("best")}    ${io.colors.bold(here(best.dir))}, with genotype, network and PyTorch export`,
  );
  if (best.epochs === undefined)
    lines.push(...under("model.py: not retrained, its weights are first values", io.colors.dim));
  if (best.check !== undefined) {
    const style = agrees(best.check) === false ? io.colors.red : io.colors.dim;
    lines.push(...under(`model.py: ${checkText(best.check, "PyTorch")}`, style));
  }
  return lines;
}

/** Prints the best and returns whether there is one; else what went wrong. */
async function printTop(study: Study, io: CliIo): Promise<boolean> {
  const candidates = await topCandidates(study, 5);
  if (candidates.length === 0) {
    const log = relative(process.cwd(), join(study.dir, "study.log"));
    print(io, `No trial has completed. All that happened is in ${log}. What failed:`);
    const reasons = failureReasons(await study.storage.trials());
    for (const { reason, trials } of reasons.slice(0, 3)) {
      const count = `${formatCount(trials.length)} ${trials.length === 1 ? "trial" : "trials"}`;
      print(io, io.colors.yellow(`  ${count}: ${reason}`));
    }
    return false;
  }
  const measure = study.objectives[0]?.name ?? "value";
  const images = accuracyImages(study);
  for (const line of topTable(candidates, { measure, images, width: tableWidth(io), dim: io.colors.dim }))
    print(io, line);
  return true;
}

/** Ends after Ctrl-C: the report is written as far as things are, nothing is lost. */
async function leave(study: Study, io: CliIo, kept: number, goOn = `cellwright resume ${study.name}`): Promise<never> {
  const { writeReport } = await import("./report/write-report.ts");
  await writeReport(study);
  const trials = kept === 0 ? "" : `${kept} ${kept === 1 ? "trial" : "trials"} kept. `;
  print(io, `stopped. ${trials}Go on by \`${goOn}${resultsFlag(study.dir)}\``);
  throw new Interrupted();
}

function reasonText(reason: string | undefined): string {
  if (reason === "target") return ": the target is reached";
  return reason === "controller-done" ? ": the controller has no more to propose" : "";
}

/** Says things through whatever is on the screen now: the live view while there is one. */
export function lateWatcher(
  io: CliIo,
): Watcher & { readonly attach: (watcher: Watcher) => void; readonly detach: () => void } {
  let current: Watcher | undefined;
  return {
    say: (line) => (current === undefined ? print(io, line) : current.say(line)),
    attach: (watcher) => {
      current = watcher;
    },
    detach: () => {
      current = undefined;
    },
  };
}
