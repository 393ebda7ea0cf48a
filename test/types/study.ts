/**
 * @file What a study's types promise, proven by the compiler: this file is part of `npm run typecheck` and is never run. Each `@ts-expect-error` is a
 * mistake that has to be one.
 */
import {
  cellSpace,
  defineStudy,
  loadSpace,
  openStudy,
  type StudyDefinition,
  type StudyFileDefinition,
} from "cellwright";
import { conv, identity, sequence, type Layer, type Network } from "cellwright/network";
import { cells, defineSpace, type AnySpace, type Space } from "cellwright/space";
import { proxyTraining, synthetic } from "cellwright/evaluators";
import { nasnet, nasnetNetwork, type NasnetSkeleton } from "cellwright/spaces";

// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- two deferred conditionals are how types are compared
type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
function same<A, B>(proof: Equal<A, B>): void {
  void proof;
}

const evaluator = proxyTraining({ data: synthetic({}) });
const whole = defineStudy({ space: nasnet, evaluator });
const byPath = defineStudy({ space: "./cells.yaml", evaluator });
same<typeof whole, StudyDefinition>(true);
same<typeof byPath, StudyFileDefinition>(true);
void openStudy({ mode: "create", definition: whole });
// @ts-expect-error a study whose space is a path is for who reads the file
void openStudy({ mode: "create", definition: byPath });
// @ts-expect-error a misspelt key
defineStudy({ space: nasnet, evaluator, bugdet: { trials: 3 } });

const data = cellSpace({});
same<typeof data, Space<NasnetSkeleton, Network>>(true);
same<Awaited<ReturnType<typeof loadSpace>>, AnySpace>(true);

/** An operation of one's own is a `Layer`; what is none is refused where the cells are given to a network of them. */
const own: Layer = (net, x, { path, filters, stride }) =>
  net.conv(`${path}/conv`, sequence(identity(), conv(3))(net, x, { path, filters, stride }), { filters, kernel: 1 });
// @ts-expect-error a misspelt option of a layer
const misspelt: Layer = (net, x, { path, filter }) => net.conv(path, x, { filters: filter, kernel: 1 });
void misspelt;
// @ts-expect-error not a layer
sequence(conv(1), 3);

const cell = cells({ blocks: 2, operations: { own, identity: identity() } });
defineSpace({
  name: "own",
  version: 1,
  skeleton: nasnet.skeleton,
  decisions: { normal: cell, reduction: cell },
  decode: (choices, skeleton) => {
    same<(typeof choices.normal.blocks)[number]["leftOperation"], "own" | "identity">(true);
    return { network: nasnetNetwork("own", choices, skeleton) };
  },
});
const numbers = cells({ blocks: 2, operations: { one: 1 } });
defineSpace({
  name: "numbers",
  version: 1,
  skeleton: nasnet.skeleton,
  decisions: { normal: numbers, reduction: numbers },
  // @ts-expect-error operations that are no layers
  decode: (choices, skeleton) => ({ network: nasnetNetwork("numbers", choices, skeleton) }),
});
