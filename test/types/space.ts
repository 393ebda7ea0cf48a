/**
 * @file The inference that spaces promise, proven by the compiler: this file is part of `npm run typecheck` and is never run. Each
 * `@ts-expect-error` is a mistake that has to be one; were it accepted, the compiler would complain of the unused directive.
 */
import { type Cell, cells, choice, defineSpace, float, type Genotype, int, type Space } from "cellwright/space";

// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- two deferred conditionals are how types are compared
type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
function same<A, B>(proof: Equal<A, B>): void {
  void proof;
}

const operations = { identity: { make: 1 }, sep3: { make: 2 }, max3: { make: 3 } };
type Operation = "identity" | "sep3" | "max3";

const space = defineSpace({
  name: "typed",
  version: 1,
  skeleton: {
    input: [32, 32, 3],
    classes: 10,
    stem: "cifar" as "cifar" | "imagenet",
    label: "x",
    auxiliary: true,
  },
  decisions: {
    normal: cells({ blocks: 3, operations }),
    reduction: cells({ blocks: 3, operations, combiners: ["add", "concat"] }),
    activation: choice(["relu", "swish"]),
    ratio: choice([0.25, 0.5]),
    bias: choice([true, false]),
    attention: choice({
      none: {},
      squeeze: { ratio: choice([0.25, 0.5]), gate: choice({ hard: {}, soft: { slope: float(0.1, 1) } }) },
    }),
    stemFilters: int(16, 48, { step: 16 }),
    learningRate: float(1e-3, 1, { scale: "log" }),
    stem: { kernel: choice([3, 5]), inner: { stride: int(1, 2) } },
  },
  decode(choices, skeleton) {
    const { normal, reduction, activation, ratio, bias, attention, stemFilters, learningRate, stem } = choices;

    same<typeof activation, "relu" | "swish">(true);
    same<typeof ratio, 0.25 | 0.5>(true);
    same<typeof bias, boolean>(true);
    same<typeof stemFilters, number>(true);
    same<typeof learningRate, number>(true);
    same<typeof stem, { readonly kernel: 3 | 5; readonly inner: { readonly stride: number } }>(true);
    same<typeof normal, Cell<typeof operations, "add">>(true);
    same<typeof normal.operations, typeof operations>(true);
    same<(typeof normal.blocks)[number]["leftInput"], number>(true);
    same<(typeof normal.blocks)[number]["leftOperation"], Operation>(true);
    same<(typeof normal.blocks)[number]["combiner"], "add">(true);
    same<(typeof reduction.blocks)[number]["rightOperation"], Operation>(true);
    same<(typeof reduction.blocks)[number]["combiner"], "add" | "concat">(true);
    same<typeof skeleton.input, readonly [number, number, number]>(true);
    same<typeof skeleton.classes, number>(true);
    same<typeof skeleton.stem, "cifar" | "imagenet">(true);
    same<typeof skeleton.label, string>(true);
    same<typeof skeleton.auxiliary, boolean>(true);

    // @ts-expect-error a misspelt decision
    void choices.actvation;
    // @ts-expect-error an option that is none
    void (activation === "swich");
    // @ts-expect-error a number that is no option
    void (ratio === 0.75);
    // @ts-expect-error an operation that is not among those declared
    void (normal.blocks[0]?.leftOperation === "sep5");
    // @ts-expect-error a combiner that this cell does not have
    void (normal.blocks[0]?.combiner === "concat");
    // @ts-expect-error a misspelt field of a block
    void normal.blocks[0]?.leftOp;
    // @ts-expect-error an option's child before narrowing on its kind
    void attention.ratio;
    // @ts-expect-error a kind that is no option
    void (attention.kind === "squeez");
    // @ts-expect-error a misspelt decision of a group
    void stem.kernal;
    // @ts-expect-error a misspelt key of the skeleton
    void skeleton.clases;
    // @ts-expect-error choices are read only
    choices.stemFilters = 32;

    if (attention.kind === "squeeze") {
      same<typeof attention.ratio, 0.25 | 0.5>(true);
      // @ts-expect-error a child of a child before narrowing
      void attention.gate.slope;
      if (attention.gate.kind === "soft") same<typeof attention.gate.slope, number>(true);
    } else {
      same<typeof attention.kind, "none">(true);
      // @ts-expect-error the option taken opens nothing
      void attention.ratio;
    }
    return { network: { filters: stemFilters }, recipe: { learningRate } };
  },
  scaleSkeleton(skeleton, { resolution }) {
    const side = Math.round(skeleton.input[0] * resolution);
    return { ...skeleton, input: [side, side, 3] };
  },
});

type Skeleton = {
  readonly input: readonly [number, number, number];
  readonly classes: number;
  readonly stem: "cifar" | "imagenet";
  readonly label: string;
  readonly auxiliary: boolean;
};
same<typeof space, Space<Skeleton, { filters: number }>>(true);

declare const genotype: Genotype;
same<number, ReturnType<typeof space.decode>["network"]["filters"]>(true);
space.decode(genotype, { classes: 100, stem: "imagenet" });
// @ts-expect-error a misspelt key of the skeleton
space.decode(genotype, { clases: 100 });
// @ts-expect-error a value of another type
space.decode(genotype, { classes: "100" });
// @ts-expect-error a list of another length
space.decode(genotype, { input: [32, 32] });
// @ts-expect-error not one of the union that the space asserted
space.decode(genotype, { stem: "mnist" });

const unconstrained = { name: "x", version: 1, skeleton: {}, decisions: {}, decode: () => ({ network: 0 }) } as const;
defineSpace({ ...unconstrained, constraints: { maxParams: 1000, accept: ({ network }) => network > 0 } });
// @ts-expect-error `kind` holds the option's name, so no child can be called that
choice({ none: {}, some: { kind: choice(["a", "b"]) } });
// @ts-expect-error an option's children are declarations
choice({ none: {}, some: { ratio: 0.5 } });
// @ts-expect-error options are strings, numbers or booleans
choice([{}, {}]);
// @ts-expect-error no such scale
float(0, 1, { scale: "logarithmic" });
// @ts-expect-error a key that a definition hasn't
defineSpace({ name: "x", version: 1, skeleton: {}, decisions: {}, decode: () => ({ network: 0 }), constraint: {} });
// @ts-expect-error a constraint that there isn't
defineSpace({ ...unconstrained, constraints: { maxParam: 1000 } });
// @ts-expect-error a misspelt option of a declaration
int(16, 48, { stepp: 16 });
// @ts-expect-error a misspelt option of a choice
choice(["a", "b"], { rol: "operation" });
// @ts-expect-error a decision is declared, not a plain value
defineSpace({ name: "x", version: 1, skeleton: {}, decisions: { filters: 16 }, decode: () => ({ network: 0 }) });

/** Named genotypes are written as `decode` sees them, and are checked as much. */
const shared = {
  name: "named",
  version: 1,
  skeleton: {},
  decisions: {
    cell: cells({ blocks: 1, operations }),
    attention: choice({ none: {}, squeeze: { ratio: choice([0.25, 0.5]) } }),
  },
  decode: () => ({ network: 0 }),
} as const;
const block = { leftInput: 0, leftOperation: "sep3", rightInput: 1, rightOperation: "max3" } as const;

defineSpace({ ...shared, named: { good: { cell: { blocks: [block] }, attention: { kind: "none" } } } });
defineSpace({ ...shared, named: { good: { cell: { blocks: [block] }, attention: { kind: "squeeze", ratio: 0.5 } } } });
// @ts-expect-error a ratio that is no option
defineSpace({ ...shared, named: { bad: { cell: { blocks: [block] }, attention: { kind: "squeeze", ratio: 1 } } } });
// @ts-expect-error the cell is missing
defineSpace({ ...shared, named: { bad: { attention: { kind: "none" } } } });
defineSpace({
  ...shared,
  // @ts-expect-error an operation that the cell does not have
  named: { bad: { cell: { blocks: [{ ...block, leftOperation: "sep9" }] }, attention: { kind: "none" } } },
});

/** A predicate knows the network that `decode` makes, and what it costs. */
defineSpace({
  ...shared,
  decode: () => ({ network: { layers: [1] } }),
  constraints: { maxParams: 1e6, accept: ({ network, cost }) => network.layers.length > 1 && cost.macs < 1e6 },
});
defineSpace({
  ...shared,
  decode: () => ({ network: { layers: [1] } }),
  // @ts-expect-error a network has layers
  constraints: { accept: ({ network }) => network.lairs.length > 1 },
});
// @ts-expect-error no such constraint
defineSpace({ ...shared, constraints: { maxFlops: 1 } });
