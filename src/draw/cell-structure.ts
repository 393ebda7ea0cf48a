/**
 * @file The cells of a genotype as a drawing needs them, read from the space's decisions. Three forms are known by their paths: the blocks of `cells`; nodes that read two
 * states each (`normal.node0.inputs` and two operations: DARTS); nodes with an operation on the edge from every earlier one (`node2.from1`: NAS-Bench-201).
 */
import type { AnySpace, Decision, Genotype } from "../space/space.ts";

/** One part of a block: an operation on a hidden state. */
export interface CellStep {
  /** State 0 is the cell's current input, 1 the previous cell's, `inputs + b` the output of block b. */
  readonly input: number;
  /** Name in the space: `sep5`. */
  readonly operation: string;
}

export interface CellBlock {
  /** In order; two in a block of `cells`. A block of none is zero. */
  readonly steps: readonly CellStep[];
  /** `add` or `concat`. */
  readonly combiner: string;
}

export interface CellStructure {
  /** Group of the space: `normal`, `reduction`. */
  readonly name: string;
  readonly inputs: number;
  readonly blocks: readonly CellBlock[];
  /** States concatenated to the cell's output, in order. */
  readonly outputs: readonly number[];
  /** How states are called, where that is not `h`, `h-1`, `b0` and so on. */
  readonly stateNames?: readonly string[];
}

/** Says which states a cell puts out, where that is not those that no block reads. */
export type OutputsOf = (cell: {
  readonly blocks: readonly {
    readonly leftInput: number;
    readonly rightInput: number;
    readonly leftOperation: string;
    readonly rightOperation: string;
    readonly combiner: string;
  }[];
  readonly looseEnds: readonly number[];
}) => readonly number[];

/** The name of the option taken at a path, or undefined where nothing is decided there. */
type Taken = (path: string) => string | undefined;

/** Returns the cells of a valid genotype, in the order of their declaration; none for a space without cells. */
export function cellsOf(
  space: AnySpace,
  genotype: Genotype,
  outputsOf: OutputsOf = (cell) => cell.looseEnds,
): CellStructure[] {
  const active = new Map(space.active(genotype).map((decision) => [decision.path, decision]));
  const taken: Taken = (path) => chosen(active.get(path), genotype);
  const paths = [...active.keys()];
  const groups = (form: RegExp): string[] => [
    ...new Set(paths.flatMap((path) => (form.test(path) ? [path.replace(form, "")] : []))),
  ];
  return [
    ...groups(/\.block0\.leftInput$/).map((name) =>
      cellOfBlocks(name, taken, active.get(`${name}.block0.leftInput`), outputsOf),
    ),
    ...groups(/\.node0\.inputs$/).flatMap((name) => cellOfNodes(name, paths, taken)),
    ...groups(/(^|\.)node1\.from0$/).map((name) => cellOfEdges(name, taken)),
  ];
}

/** `normal.block0.leftInput` and so on. */
function cellOfBlocks(name: string, taken: Taken, first: Decision | undefined, outputsOf: OutputsOf): CellStructure {
  const inputs = first?.kind === "choice" ? first.options.length : 2;
  const blocks: Parameters<OutputsOf>[0]["blocks"][number][] = [];
  for (let b = 0; taken(`${name}.block${b}.leftInput`) !== undefined; b++) {
    const at = (field: string): string | undefined => taken(`${name}.block${b}.${field}`);
    blocks.push({
      leftInput: Number(at("leftInput")),
      rightInput: Number(at("rightInput")),
      leftOperation: at("leftOperation") ?? "",
      rightOperation: at("rightOperation") ?? "",
      combiner: at("combiner") ?? "add",
    });
  }
  const read = new Set(blocks.flatMap(({ leftInput, rightInput }) => [leftInput, rightInput]));
  const looseEnds = Array.from({ length: inputs + blocks.length }, (_, state) => state).filter((s) => !read.has(s));
  return {
    name,
    inputs,
    blocks: blocks.map((block) => ({
      steps: [
        { input: block.leftInput, operation: block.leftOperation },
        { input: block.rightInput, operation: block.rightOperation },
      ],
      combiner: block.combiner,
    })),
    outputs: outputsOf({ blocks, looseEnds }),
  };
}

/** `normal.node0.inputs`, an option such as `0,1`, and an operation for each. The earlier input comes first; all nodes are put out. */
function cellOfNodes(name: string, paths: readonly string[], taken: Taken): CellStructure[] {
  const blocks: CellBlock[] = [];
  for (let i = 0; taken(`${name}.node${i}.inputs`) !== undefined; i++) {
    const node = `${name}.node${i}.`;
    const inputs = (taken(`${node}inputs`) ?? "").split(",").map(Number);
    const operations = paths.filter((path) => path.startsWith(node) && path !== `${node}inputs`).map(taken);
    if (inputs.length !== operations.length || !inputs.every(Number.isSafeInteger)) return [];
    blocks.push({
      steps: inputs.map((input, side) => ({ input, operation: operations[side] ?? "" })),
      combiner: "add",
    });
  }
  const names = ["h-1", "h", ...blocks.map((_, i) => `n${i}`)];
  return [{ name, inputs: 2, blocks, outputs: blocks.map((_, i) => 2 + i), stateNames: names }];
}

/** `node2.from1`: node 0 is the input, the last node the output. An edge that is `none` adds nothing. */
function cellOfEdges(group: string, taken: Taken): CellStructure {
  const at = group === "" ? "" : `${group}.`;
  const blocks: CellBlock[] = [];
  for (let node = 1; taken(`${at}node${node}.from0`) !== undefined; node++) {
    const steps = Array.from({ length: node }, (_, input) => ({
      input,
      operation: taken(`${at}node${node}.from${input}`) ?? "none",
    }));
    blocks.push({ steps: steps.filter(({ operation }) => operation !== "none"), combiner: "add" });
  }
  const stateNames = ["in", ...blocks.map((_, i) => `n${i + 1}`)];
  return { name: group === "" ? "cell" : group, inputs: 1, blocks, outputs: [blocks.length], stateNames };
}

function chosen(decision: Decision | undefined, genotype: Genotype): string | undefined {
  if (decision?.kind !== "choice") return undefined;
  return decision.options[genotype[decision.path] ?? -1]?.name;
}

/** Returns how a state is called in figures: the paper's h_i and h_i-1 for the inputs, the block's number for the others. */
export function stateName(cell: CellStructure, state: number): string {
  const own = cell.stateNames?.[state];
  if (own !== undefined) return own;
  if (state >= cell.inputs) return `b${state - cell.inputs}`;
  return state === 0 ? "h" : `h-${state}`;
}
