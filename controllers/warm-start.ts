/**
 * @file A wrapper for any controller: it begins from what is given. Genotypes, such as an architecture found before or a published one, are its first proposals; trials whose results are
 * known are told without being run. The rest is the controller's own, which is told of both as if it had proposed them: evolution has them in its first population, local search climbs
 * from them, a model learns from them.
 */
import { canonicalJson, CellwrightError, expected } from "cellwright/base";
import type { Controller, ControllerContext, ControllerDefinition } from "cellwright/search";
import type { Genotype } from "cellwright/space";

/** A trial of another study, say, whose result is known. */
export interface KnownTrial {
  readonly genotype: Genotype;
  /** One per objective of the study that begins, measured as that study measures. */
  readonly values: readonly number[];
}

/**
 * Returns `inner` with genotypes in the place of its first candidates, and told of known trials before anything else. What `inner` says besides stays: epochs of a first rung, for instance,
 * so a warm start from genotypes may stand around successive halving or inside it; one from known trials, which left no weights to go on from, inside. A genotype that `inner` proposes
 * afterwards by itself is let through. Creating it throws `space` for a genotype that is not one of the space, and `config` for values that are not one finite number per objective.
 */
export function warmStart(
  inner: ControllerDefinition,
  given: readonly (Genotype | KnownTrial)[],
): ControllerDefinition {
  const genotypes = given.filter((one): one is Genotype => !isKnown(one));
  const known = given.filter(isKnown);
  const texts = [
    ...(genotypes.length > 0 || known.length === 0 ? [counted(genotypes.length, "given genotype")] : []),
    ...(known.length > 0 ? [counted(known.length, "known trial")] : []),
  ];
  return {
    name: `${inner.name} from ${texts.join(" and ")}`,
    options: { genotypes, ...(known.length > 0 && { known }), inner: { name: inner.name, ...inner.options } },
    create: (context) => createWarmStart(inner, given, context),
    isHeavy: (space) => inner.isHeavy?.(space) === true,
    hearsAllRungs: (space) => inner.hearsAllRungs?.(space) === true,
  };
}

function isKnown(one: Genotype | KnownTrial): one is KnownTrial {
  return typeof one["genotype"] === "object";
}

function counted(count: number, what: string): string {
  return count === 1 ? `a ${what}` : `${count} ${what}s`;
}

function createWarmStart(
  inner: ControllerDefinition,
  given: readonly (Genotype | KnownTrial)[],
  context: ControllerContext,
): Controller {
  for (const [index, one] of given.entries()) check(one, `warmStart: genotypes[${index}]`, context);
  const genotypes = given.filter((one): one is Genotype => !isKnown(one));
  const controller = inner.create(context);
  // Numbers below 0 are no trial's of the study.
  for (const [index, { genotype, values }] of given.filter(isKnown).entries()) {
    const [number, proposal] = [-1 - index, { genotype }];
    controller.tell({ kind: "started", number, proposal });
    controller.tell({ kind: "finished", trial: { number, proposal, state: "complete", values } });
  }
  /** Genotypes that were proposed, by the order given. */
  let used = 0;
  return {
    ...(controller.note === undefined ? {} : { note: controller.note }),
    ask(number) {
      const answer = controller.ask(number);
      if (typeof answer === "object" && answer.continueFrom !== undefined && answer.continueFrom < 0)
        throw new CellwrightError(
          "config",
          `warmStart  Expected a controller that does not go on from a known trial, as it left no weights. Received: ${inner.name}. Put the warm start inside it.`,
        );
      const genotype = genotypes[used];
      if (genotype === undefined || typeof answer === "string" || answer.continueFrom !== undefined) return answer;
      return { ...answer, genotype };
    },
    tell(event) {
      const next = genotypes[used];
      if (
        event.kind === "started" &&
        next !== undefined &&
        event.proposal.continueFrom === undefined &&
        canonicalJson(event.proposal.genotype) === canonicalJson(next)
      )
        used++;
      controller.tell(event);
    },
  };
}

function check(one: Genotype | KnownTrial, place: string, { space, objectives }: ControllerContext): void {
  const problems = space.validate(isKnown(one) ? one.genotype : one);
  if (problems.length > 0) {
    const lines = problems.map(({ path, message }) => `  ${path}  ${message}`);
    const what = `Expected a genotype of the space ${space.name}. Received:`;
    throw new CellwrightError("space", [`${place}  ${what}`, ...lines].join("\n"));
  }
  if (!isKnown(one)) return;
  const { values } = one;
  const isRight = Array.isArray(values) && values.length === objectives.length && values.every(Number.isFinite);
  const names = objectives.map(({ name }) => name).join(", ");
  if (!isRight)
    throw new CellwrightError(
      "config",
      expected(`${place}.values`, `one finite number per objective (${names})`, values),
    );
}
