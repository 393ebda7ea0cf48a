/** @file `cellwright doctor`: what this machine has, what is missing, what to do. */
import type { Command } from "commander";
import { addCommand, withJson, withResults } from "../common-options.ts";
import { examine, type Finding } from "../doctor/examine.ts";
import { exitCodes, PrintedFailure } from "../failure.ts";
import { print, printJson, type CliIo } from "../io.ts";
import { wholeNumberFlag } from "../numbers.ts";

export function addDoctor(program: Command, io: CliIo): void {
  const command = addCommand(
    program,
    "doctor",
    "Says what this machine has for a search, what is missing, and what to do about it.",
    [
      ["doctor", "everything at a glance"],
      ["doctor --data /mnt/data", "with another data folder"],
      ["doctor --workers 4", "as a search with these workers would see it"],
    ],
  )
    .option("--data <dir>", "folder with data sets; default $CELLWRIGHT_DATA, ./data, ../shared/data")
    .option("--workers <n>", "workers to assign; default one per core or GPU", wholeNumberFlag("--workers", 1));
  withJson(withResults(command)).action(
    async (options: { data?: string; workers?: number; results: string; json?: boolean }) => {
      const findings = await examine({
        dataDir: options.data,
        workers: options.workers,
        resultsDir: options.results,
        env: io.env,
      });
      if (options.json === true) printJson(io, findings);
      else for (const line of findingLines(findings, io)) print(io, line);
      if (findings.some((finding) => finding.state === "bad")) throw new PrintedFailure(exitCodes.yours);
    },
  );
}

function findingLines(findings: readonly Finding[], io: CliIo): string[] {
  const { colors } = io;
  const marks = {
    ok: colors.green("ok  "),
    missing: colors.dim("-   "),
    warning: colors.yellow("!   "),
    bad: colors.red("no  "),
  };
  let topic = "";
  return findings.flatMap((finding) => {
    const head = finding.topic === topic ? "" : finding.topic;
    topic = finding.topic;
    const advice = finding.advice === undefined ? [] : [`${" ".repeat(16)}${colors.dim(`-> ${finding.advice}`)}`];
    return [`${colors.bold(head.padEnd(12))}${marks[finding.state]}${finding.text}`, ...advice];
  });
}
