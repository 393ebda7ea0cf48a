/** @file A study in one line: what is searched, how, on what, by whom. */
import type { Evaluator } from "../evaluators/evaluator.ts";
import type { StudyDefinition } from "../study/definition.ts";
import type { StudyFacts } from "../study/events.ts";
import { formatCount, formatEpochs } from "../base/units.ts";

const DATA_TITLES: Readonly<Record<string, string>> = {
  cifar10: "CIFAR-10",
  cifar100: "CIFAR-100",
  mnist: "MNIST",
  synthetic: "synthetic images",
};

/**
 * Returns `nasnet (5.2e36 candidates) · aging evolution · CIFAR-10 10,000/2,000 · 4 epochs · 2 workers (native, AVX-512)`. `engine` is what
 * trials said they ran on, once one has.
 */
export function headLine(
  study: { readonly facts: StudyFacts; readonly definition: StudyDefinition },
  engine?: string,
): string {
  const { facts, definition } = study;
  const size = facts.spaceSize === undefined ? "" : ` (${facts.spaceSize} candidates)`;
  const epochs = definition.evaluator.options["epochs"];
  const machine = (engine ?? facts.engine).replace(/^(\w+) \((.*)\)$/, "$1, $2");
  const parts = [
    `${facts.space}${size}`,
    facts.controller,
    dataText(study) ?? facts.data,
    typeof epochs === "number" ? formatEpochs(epochs) : facts.evaluator,
    `${facts.workers} ${facts.workers === 1 ? "worker" : "workers"} (${machine})`,
  ];
  return parts.filter((part) => part !== "").join(" · ");
}

/** Returns `CIFAR-10 10,000/2,000` (or what stands in for it), or undefined where the evaluator (the search's, unless given) names no data set. */
export function dataText(
  { facts, definition }: { readonly facts: StudyFacts; readonly definition: StudyDefinition },
  evaluator: Pick<Evaluator, "options"> = definition.evaluator,
): string | undefined {
  const data = evaluator.options["data"] as
    | { readonly name?: unknown; readonly train?: unknown; readonly validation?: unknown }
    | undefined;
  if (typeof data?.name !== "string") return undefined;
  const title = facts.substitute ?? DATA_TITLES[data.name] ?? data.name;
  if (typeof data.validation !== "number") return title;
  return `${title} ${typeof data.train === "number" ? formatCount(data.train) : "all"}/${formatCount(data.validation)}`;
}
