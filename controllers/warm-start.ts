/**
 * @file A wrapper for any controller: its first proposals carry genotypes that are given, such as an architecture found before or a published one. The rest is the controller's own,
 * which is told of the given ones as if it had proposed them: evolution has them in its first population, local search climbs from them.
 */
import { canonicalJson, CellwrightError } from "cellwright/base";
import type { Controller, ControllerContext, ControllerDefinition } from "cellwright/search";
import type { Genotype } from "cellwright/space";

/**
 * Returns `inner` with `genotypes` in the place of its first candidates. What `inner` says besides stays: epochs of a first rung, for instance, so a warm start may stand around
 * successive halving or inside it. A genotype that `inner` proposes afterwards by itself is let through. Creating it throws `space` for a genotype that is not one of the space.
 */
export function warmStart(inner: ControllerDefinition, genotypes: readonly Genotype[]): ControllerDefinition {
  return {
    name: `${inner.name} from ${genotypes.length === 1 ? "a given genotype" : `${genotypes.length} given genotypes`}`,
    options: { genotypes, inner: { name: inner.name, ...inner.options } },
    create: (context) => createWarmStart(inner, genotypes, context),
  };
}

function createWarmStart(
  inner: ControllerDefinition,
  genotypes: readonly Genotype[],
  context: ControllerContext,
): Controller {
  for (const [index, genotype] of genotypes.entries()) {
    const problems = context.space.validate(genotype);
    if (problems.length === 0) continue;
    const lines = problems.map(({ path, message }) => `  ${path}  ${message}`);
    throw new CellwrightError(
      "space",
      [
        `warmStart: genotypes[${index}]  Expected a genotype of the space ${context.space.name}. Received:`,
        ...lines,
      ].join("\n"),
    );
  }
  const controller = inner.create(context);
  /** Genotypes that were proposed, by the order given. */
  let used = 0;
  return {
    ...(controller.note === undefined ? {} : { note: controller.note }),
    ask(number) {
      const answer = controller.ask(number);
      const genotype = genotypes[used];
      if (genotype === undefined || typeof answer === "string" || answer.continueFrom !== undefined) return answer;
      return { ...answer, genotype };
    },
    tell(event) {
      const given = genotypes[used];
      if (
        event.kind === "started" &&
        given !== undefined &&
        event.proposal.continueFrom === undefined &&
        canonicalJson(event.proposal.genotype) === canonicalJson(given)
      )
        used++;
      controller.tell(event);
    },
  };
}
