/** @file The cells of a genotype as a drawing needs them, read from the space's decisions: any space that declares `cells` has them. */
import type { AnySpace, Decision, Genotype } from "../space/space.ts";

/** One half of a block: an operation on a hidden state. */
export interface CellStep {
  /** State 0 is the cell's current input, 1 the previous cell's, `inputs + b` the output of block b. */
  readonly input: number;
  /** Name in the space: `sep5`. */
  readonly operation: string;
}

export interface CellBlock {
  readonly left: CellStep;
  readonly right: CellStep;
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

/** Returns the cells of a valid genotype, in the order of their declaration; none for a space without cells. */
export function cellsOf(
  space: AnySpace,
  genotype: Genotype,
  outputsOf: OutputsOf = (cell) => cell.looseEnds,
): CellStructure[] {
  const active = new Map(space.active(genotype).map((decision) => [decision.path, decision]));
  const groups = [...new Set([...active.values()].map((decision) => decision.group).filter((group) => group !== ""))];
  return groups.flatMap((name) => {
    const blocks: CellBlock[] = [];
    for (let b = 0; active.has(`${name}.block${b}.leftInput`); b++) {
      const at = (field: string): string | undefined => chosen(active.get(`${name}.block${b}.${field}`), genotype);
      blocks.push({
        left: { input: Number(at("leftInput")), operation: at("leftOperation") ?? "" },
        right: { input: Number(at("rightInput")), operation: at("rightOperation") ?? "" },
        combiner: at("combiner") ?? "add",
      });
    }
    if (blocks.length === 0) return [];
    const first = active.get(`${name}.block0.leftInput`);
    const inputs = first?.kind === "choice" ? first.options.length : 2;
    return [{ name, inputs, blocks, outputs: outputsOf(asDecoded(blocks, inputs)) }];
  });
}

function chosen(decision: Decision | undefined, genotype: Genotype): string | undefined {
  if (decision?.kind !== "choice") return undefined;
  return decision.options[genotype[decision.path] ?? -1]?.name;
}

function asDecoded(blocks: readonly CellBlock[], inputs: number): Parameters<OutputsOf>[0] {
  const read = new Set(blocks.flatMap((block) => [block.left.input, block.right.input]));
  return {
    blocks: blocks.map(({ left, right, combiner }) => ({
      leftInput: left.input,
      rightInput: right.input,
      leftOperation: left.operation,
      rightOperation: right.operation,
      combiner,
    })),
    looseEnds: Array.from({ length: inputs + blocks.length }, (_, state) => state).filter((state) => !read.has(state)),
  };
}

/** Returns how a state is called in figures: the paper's h_i and h_i-1 for the inputs, the block's number for the others. */
export function stateName(cell: CellStructure, state: number): string {
  if (state >= cell.inputs) return `b${state - cell.inputs}`;
  return state === 0 ? "h" : `h-${state}`;
}
