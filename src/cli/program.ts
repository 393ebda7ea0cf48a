/** @file All commands, put together. A command line loads the one that it names: the rest, with a study's storage and engines, would take a second. */
import { Command } from "commander";
import { packageVersion } from "../study/self-alias.ts";
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

type AddCommand = (program: Command, io: CliIo) => void;

/** By name, in the order of `--help`. */
const commands: Readonly<Record<string, () => Promise<AddCommand>>> = {
  init: async () => (await import("./commands/init.ts")).addInit,
  search: async () => (await import("./commands/search.ts")).addSearch,
  status: async () => (await import("./commands/status.ts")).addStatus,
  top: async () => (await import("./commands/top.ts")).addTop,
  resume: async () => (await import("./commands/resume.ts")).addResume,
  retrain: async () => (await import("./commands/retrain.ts")).addRetrain,
  train: async () => (await import("./commands/train.ts")).addTrain,
  scale: async () => (await import("./commands/scale.ts")).addScale,
  export: async () => (await import("./commands/export.ts")).addExport,
  import: async () => (await import("./commands/import.ts")).addImport,
  draw: async () => (await import("./commands/draw.ts")).addDraw,
  profile: async () => (await import("./commands/profile.ts")).addProfile,
  space: async () => (await import("./commands/space.ts")).addSpace,
  doctor: async () => (await import("./commands/doctor.ts")).addDoctor,
};

/** The commands that a command line needs: the one it names; all, where help or a suggestion may have to name them. */
function commandsFor(args: readonly string[]): readonly string[] {
  const [first = ""] = args;
  if (first === "--version" || first === "-V") return [];
  return Object.hasOwn(commands, first) ? [first] : Object.keys(commands);
}

/** Returns the program with these commands. It throws instead of ending the process. */
export async function createProgram(io: CliIo, names: readonly string[] = Object.keys(commands)): Promise<Command> {
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
  for (const name of names) (await commands[name]?.())?.(program, io);
  addHelp(program);
  for (const command of [program, ...program.commands, ...program.commands.flatMap((each) => each.commands)]) {
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
    .command("help [command] [subcommand]")
    .description("print help for a command")
    .helpOption("-h, --help", "print help")
    .action((...names: (string | undefined)[]) => {
      let found = program;
      for (const name of names.slice(0, 2)) {
        if (name === undefined) break;
        const next = found.commands.find((command) => command.name() === name);
        if (next === undefined) program.error(`error: unknown command '${name}'`);
        found = next;
      }
      found.help();
    });
}

/** Runs one command line (without node and script). Returns the exit code; never throws. */
export async function runCli(args: readonly string[], io: CliIo): Promise<number> {
  try {
    const program = await createProgram(io, commandsFor(args));
    await program.parseAsync([...args], { from: "user" });
    return 0;
  } catch (error) {
    return reportFailure(error, io, args.includes("--verbose"));
  }
}
