/** @file All commands, put together. What a command needs is loaded when it runs: `--help` is quick. */
import { Command } from "commander";
import { packageVersion } from "../study/self-alias.ts";
import { addDoctor } from "./commands/doctor.ts";
import { addDraw } from "./commands/draw.ts";
import { addExport } from "./commands/export.ts";
import { addInit } from "./commands/init.ts";
import { addProfile } from "./commands/profile.ts";
import { addResume } from "./commands/resume.ts";
import { addRetrain } from "./commands/retrain.ts";
import { addScale } from "./commands/scale.ts";
import { addSearch } from "./commands/search.ts";
import { addStatus } from "./commands/status.ts";
import { addTop } from "./commands/top.ts";
import { reportFailure } from "./failure.ts";
import type { CliIo } from "./io.ts";

const EXAMPLES = `
Examples:
  $ npx cellwright search                     # NASNet cells on CIFAR-10, four minutes, with everything after it
  $ npx cellwright init                       # a study of your own: writes study.config.ts
  $ npx cellwright search study.config.ts --trials 200 --workers 4
  $ npx cellwright top nasnet-cifar10         # the best of a study

Exit codes: 0 done, 1 a fault of ours, 2 something to mend, 130 interrupted.
`;

/** Returns the program. It throws instead of ending the process. */
export function createProgram(io: CliIo): Command {
  const program = new Command("cellwright")
    .description(
      "Neural architecture search: declare a space, search it on every core, retrain, scale and export the winner.",
    )
    .version(packageVersion(), "-V, --version", "print the version")
    .helpOption("-h, --help", "print help")
    .helpCommand(false)
    .addHelpText("after", EXAMPLES)
    .showSuggestionAfterError()
    .configureHelp({ sortSubcommands: false });
  for (const add of [
    addInit,
    addSearch,
    addStatus,
    addTop,
    addResume,
    addRetrain,
    addScale,
    addExport,
    addDraw,
    addProfile,
    addDoctor,
  ])
    add(program, io);
  addHelp(program);
  for (const command of [program, ...program.commands]) {
    command.exitOverride();
    command.configureOutput({
      writeOut: (text) => io.out.write(text),
      writeErr: (text) => io.err.write(text),
      getOutHelpWidth: () => Math.min(io.out.columns, 110),
      getErrHelpWidth: () => Math.min(io.err.columns, 110),
      getOutHasColors: () => io.colors.isColorSupported,
      getErrHasColors: () => io.errColors.isColorSupported,
      outputError: (text, write) => write(io.errColors.red(text.replace(/^error: /, "cellwright: "))),
    });
  }
  return program;
}

/** Commander's own `help` answers an unknown name with the general help, as if nothing were wrong. */
function addHelp(program: Command): void {
  program
    .command("help [command]")
    .description("print help for a command")
    .helpOption("-h, --help", "print help")
    .action((name: string | undefined) => {
      if (name === undefined) program.help();
      const found = program.commands.find((command) => command.name() === name);
      if (found === undefined) program.error(`error: unknown command '${name}'`);
      found.help();
    });
}

/** Runs one command line (without node and script). Returns the exit code; never throws. */
export async function runCli(args: readonly string[], io: CliIo): Promise<number> {
  try {
    await createProgram(io).parseAsync([...args], { from: "user" });
    return 0;
  } catch (error) {
    return reportFailure(error, io, args.includes("--verbose"));
  }
}
