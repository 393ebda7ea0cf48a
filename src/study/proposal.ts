/** @file What a controller may propose, checked: a controller of the user's own is plain code and may return anything. */
import { z } from "zod";
import { CellwrightError, describe, expected } from "../base/errors.ts";
import type { Proposal } from "../search/controller.ts";
import type { TrialState } from "../storage/storage.ts";
import type { StudyDefinition } from "./definition.ts";

const KEYS: readonly string[] = ["genotype", "epochs", "continueFrom", "repeat"];
const wholeOrAbsent = z.number().int().min(1).optional();

/**
 * Returns the controller's answer as a proposal, or `wait` or `done`. `stateOf` says how a trial stands. Throws `config` naming the controller
 * where the answer is none, and `space` with every problem where its genotype is not one of the space.
 */
export function checkProposal(
  { controller, space }: Pick<StudyDefinition, "controller" | "space">,
  answer: unknown,
  stateOf: (number: number) => TrialState | undefined,
): Proposal | "wait" | "done" {
  if (answer === "wait" || answer === "done") return answer;
  const place = `controller ${controller.name}`;
  const refuse = (at: string, what: string, received: unknown): never => {
    throw new CellwrightError("config", expected(`${place}: ${at}`, what, received));
  };
  if (typeof answer !== "object" || answer === null || Array.isArray(answer))
    return refuse("ask", 'a proposal { genotype }, "wait" or "done"', answer);
  const proposal = answer as Proposal;
  const surplus = Object.keys(answer).find((key) => !KEYS.includes(key));
  if (surplus !== undefined) refuse(`proposal.${surplus}`, `one of ${KEYS.join(", ")}`, surplus);
  const problems = space.validate(proposal.genotype);
  if (problems.length > 0)
    throw new CellwrightError(
      "space",
      `${place}  Expected a genotype of the space ${space.name}. Received: ${describe(proposal.genotype)}, with ${problems.length} problem${problems.length === 1 ? "" : "s"}:\n${problems.map((problem) => `  ${problem.path}  ${problem.message}`).join("\n")}`,
    );
  for (const key of ["epochs", "repeat"] as const)
    if (!wholeOrAbsent.safeParse(proposal[key]).success)
      refuse(`proposal.${key}`, "a whole number of 1 or more", proposal[key]);
  const { continueFrom } = proposal;
  if (continueFrom !== undefined && !["complete", "pruned"].includes(stateOf(continueFrom) ?? ""))
    refuse("proposal.continueFrom", "the number of a trial that is complete or pruned", continueFrom);
  return proposal;
}
