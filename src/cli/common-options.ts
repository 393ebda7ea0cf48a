/** @file Options that several commands share. */
import { Command } from "commander";

export interface CommonOptions {
  readonly results: string;
  readonly verbose?: boolean;
}

/** Adds a subcommand with the options that every command has, and examples under its help. */
export function addCommand(
  program: Command,
  name: string,
  description: string,
  examples: readonly (readonly [string, string])[],
): Command {
  const width = Math.max(...examples.map(([command]) => command.length));
  const lines = examples.map(([command, what]) => `  $ npx cellwright ${command.padEnd(width)}   # ${what}`);
  return program
    .command(name)
    .description(description)
    .helpOption("-h, --help", "print help")
    .option("--verbose", "print the stack of an error, for a report of a fault")
    .addHelpText("after", `\nExamples:\n${lines.join("\n")}\n`);
}

/** Adds `--results`. */
export function withResults(command: Command): Command {
  return command.option(
    "--results <dir>",
    "folder that studies are kept in: beside the project, so that they outlive an install",
    "results",
  );
}

/** Adds `--json`. */
export function withJson(command: Command): Command {
  return command.option("--json", "print JSON with raw numbers, for scripts");
}
