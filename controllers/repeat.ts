/**
 * @file A wrapper for any controller: each of its candidates is measured several times, each time with other weights and another order of images, and it is told of one trial with the
 * mean. For where the noise of a measurement is as large as what candidates differ by: a search that takes the luckiest for the best is dearer than one of fewer trials.
 */
import { canonicalJson, CellwrightError, expected } from "cellwright/base";
import type {
  Controller,
  ControllerContext,
  ControllerDefinition,
  ControllerEvent,
  FinishedTrial,
  Proposal,
} from "cellwright/search";

/** A candidate and its measurements. */
interface Group {
  /** Number of its first trial, under which the inner controller knows it. */
  readonly number: number;
  /** What the inner controller proposed. */
  readonly proposal: Proposal;
  started: number;
  readonly finished: FinishedTrial[];
}

/**
 * Returns `inner` with each proposal measured `n` times. It is told of a candidate when its last measurement has ended: the mean of those that completed; where none did, the mean of what
 * the pruned ones had reached; else a failure, with the first one's reason. After a failure a candidate is not measured again. Throws `config` where `n` is not a whole number of 1 or more.
 */
export function repeat(inner: ControllerDefinition, n: number): ControllerDefinition {
  if (!Number.isSafeInteger(n) || n < 1)
    throw new CellwrightError("config", expected("repeat", "a whole number of measurements, 1 or more", n));
  return {
    name: `${inner.name}, each ${n} times`,
    options: { n, inner: { name: inner.name, ...inner.options } },
    create: (context) => createRepeat(inner, n, context),
    isHeavy: (space) => inner.isHeavy?.(space) === true,
  };
}

function createRepeat(inner: ControllerDefinition, n: number, context: ControllerContext): Controller {
  const controller = inner.create(context);
  /** Those that lack an end, in the order of beginning. */
  const groups: Group[] = [];
  const groupOf = new Map<number, Group>();
  const wantsMore = ({ started, finished }: Group): boolean =>
    started < n && finished.every(({ state }) => state !== "failed");

  const begin = (number: number, proposal: Proposal): Group => {
    const { repeat: index, ...own } = proposal;
    const text = canonicalJson(own);
    const known = groups.find((group) => group.started === index && canonicalJson(group.proposal) === text);
    if (index !== undefined && known !== undefined) return known;
    const group: Group = { number, proposal: own, started: 0, finished: [] };
    groups.push(group);
    controller.tell({ kind: "started", number, proposal: own });
    return group;
  };

  return {
    ...(controller.note === undefined ? {} : { note: controller.note }),
    ask(number) {
      const group = groups.find(wantsMore);
      if (group !== undefined) return { ...group.proposal, repeat: group.started };
      const answer = controller.ask(number);
      return answer === "done" && groups.length > 0 ? "wait" : answer;
    },
    tell(event: ControllerEvent) {
      if (event.kind === "started") {
        const group = begin(event.number, event.proposal);
        group.started++;
        groupOf.set(event.number, group);
        return;
      }
      const { number } = event.trial;
      const group = groupOf.get(number) ?? begin(number, event.trial.proposal);
      groupOf.delete(number);
      group.finished.push(event.trial);
      if (wantsMore(group) || group.finished.length < group.started) return;
      groups.splice(groups.indexOf(group), 1);
      controller.tell({
        kind: "finished",
        trial: { ...meanOf(group.finished), number: group.number, proposal: group.proposal },
      });
    },
  };
}

/** How a candidate ended that was measured so often. */
function meanOf(trials: readonly FinishedTrial[]): Pick<FinishedTrial, "state" | "values" | "reason"> {
  // In the order of numbers, so that a mean does not depend on who was quicker.
  const ordered = trials.toSorted((a, b) => a.number - b.number);
  for (const state of ["complete", "pruned"] as const) {
    const some = ordered.filter((trial) => trial.state === state);
    const measured = some.flatMap(({ values }) => (values === undefined ? [] : [values]));
    const [first] = measured;
    if (first !== undefined) {
      const mean = (_: number, index: number): number =>
        measured.reduce((sum, values) => sum + values[index]!, 0) / measured.length;
      return { state, values: first.map(mean) };
    }
  }
  if (ordered.some(({ state }) => state === "pruned")) return { state: "pruned" };
  const reason = ordered.find(({ state }) => state === "failed")?.reason;
  return { state: "failed", ...(reason !== undefined && { reason }) };
}
