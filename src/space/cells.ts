/**
 * @file `cells`: a NASNet cell (Zoph et al. 2018, section 3.1). Block b picks two of the hidden states made so far (the cell's inputs,
 * 0 the current and 1 the previous, then the earlier blocks), an operation for each, and how the two results are combined.
 */
import { CellwrightError, expected } from "../base/errors.ts";
import { indexOf } from "./choice.ts";
import { checkName, childPath, type Declaration, declared } from "./declaration.ts";
import type { Decision, DecisionRole, Genotype } from "./space.ts";

/** One block of a cell. */
export interface Block<Operation extends string = string, Combiner extends string = string> {
  /** Hidden state that the left operation reads: 0 .. inputs - 1 are the cell's inputs, inputs + b is block b. */
  readonly leftInput: number;
  readonly rightInput: number;
  readonly leftOperation: Operation;
  readonly rightOperation: Operation;
  readonly combiner: Combiner;
}

/** A cell as `decode` sees it. */
export interface Cell<
  Operations extends Readonly<Record<string, unknown>> = Readonly<Record<string, unknown>>,
  Combiner extends string = string,
> {
  /** In order; block b makes state `inputs + b`. */
  readonly blocks: readonly Block<keyof Operations & string, Combiner>[];
  /** How many inputs the cell has; state `inputs + b` is the output of block b. */
  readonly inputs: number;
  /** States that no block reads, in order: those of blocks are concatenated to the cell's output in the paper. */
  readonly looseEnds: readonly number[];
  /** The operations as declared, by name. */
  readonly operations: Operations;
}

/** A cell as a named genotype says it. */
export interface NamedCell<Operation extends string, Combiner extends string> {
  readonly blocks: readonly (Omit<Block<Operation, Combiner>, "combiner"> & { readonly combiner?: Combiner })[];
}

export interface CellOptions<Operations, Combiner extends string> {
  /** B in the paper. */
  readonly blocks: number;
  /** Operations by name; what they are is the space's own affair. */
  readonly operations: Operations;
  /** How a block's two results become one. With a single one (default `add`) there is nothing to decide. */
  readonly combiners?: readonly Combiner[];
  /** Hidden states the cell starts from. Default 2: the current and the previous. */
  readonly inputs?: number;
}

/**
 * Declares a cell of `blocks` blocks. Its decisions, in the paper's order, are `<name>.block<b>.leftInput`, `.rightInput`,
 * `.leftOperation`, `.rightOperation` and, with several combiners, `.combiner`; all of group `<name>`.
 * Size: product over b of (inputs + b)^2 x operations^2 x combiners.
 */
export function cells<
  const Operations extends Readonly<Record<string, unknown>>,
  const Combiner extends string = "add",
>(
  options: CellOptions<Operations, Combiner>,
): Declaration<Cell<Operations, Combiner>, NamedCell<keyof Operations & string, Combiner>> {
  const { blocks, operations, inputs = 2 } = options;
  const combiners = options.combiners ?? (["add"] as unknown as readonly Combiner[]);
  return {
    [declared]: true,
    compile({ path: group }) {
      const operationNames = checkCell(options, combiners, inputs, group);
      const fieldPath = (block: number, field: keyof Block): string => `${group}.block${block}.${field}`;
      const decisions: Decision[] = [];
      const decide = (path: string, role: DecisionRole, names: readonly string[]): void => {
        decisions.push({ kind: "choice", path, role, group, options: names.map((name) => ({ name, children: [] })) });
      };
      for (let b = 0; b < blocks; b++) {
        const states = Array.from({ length: inputs + b }, (_, state) => String(state));
        decide(fieldPath(b, "leftInput"), "input", states);
        decide(fieldPath(b, "rightInput"), "input", states);
        decide(fieldPath(b, "leftOperation"), "operation", operationNames);
        decide(fieldPath(b, "rightOperation"), "operation", operationNames);
        if (combiners.length > 1) decide(fieldPath(b, "combiner"), "combiner", combiners);
      }
      const readBlock = (genotype: Genotype, b: number): Block<keyof Operations & string, Combiner> => {
        const at = (field: keyof Block): number => genotype[fieldPath(b, field)] as number;
        return {
          leftInput: at("leftInput"),
          rightInput: at("rightInput"),
          leftOperation: operationNames[at("leftOperation")] as keyof Operations & string,
          rightOperation: operationNames[at("rightOperation")] as keyof Operations & string,
          combiner: combiners[combiners.length > 1 ? at("combiner") : 0] as Combiner,
        };
      };
      return {
        decisions,
        read(genotype) {
          const read = Array.from({ length: blocks }, (_, b) => readBlock(genotype, b));
          return { blocks: read, inputs, looseEnds: looseEnds(read, inputs), operations };
        },
        write(value, into) {
          if (!Array.isArray(value?.blocks) || value.blocks.length !== blocks)
            throw new CellwrightError("space", expected(`${group}.blocks`, `${blocks} blocks`, value?.blocks));
          value.blocks.forEach((block, b) => {
            checkBlock(block, `${group}.block${b}`);
            into[fieldPath(b, "leftInput")] = block.leftInput;
            into[fieldPath(b, "rightInput")] = block.rightInput;
            for (const field of ["leftOperation", "rightOperation"] as const)
              into[fieldPath(b, field)] = indexOf(operationNames, block[field], fieldPath(b, field));
            const combiner = indexOf(combiners, block.combiner ?? combiners[0], fieldPath(b, "combiner"));
            if (combiners.length > 1) into[fieldPath(b, "combiner")] = combiner;
          });
        },
      };
    },
  };
}

/** Throws `space` unless the options make a cell; returns the operations' names. */
function checkCell(
  { blocks, operations }: CellOptions<Readonly<Record<string, unknown>>, string>,
  combiners: readonly string[],
  inputs: number,
  path: string,
): readonly string[] {
  if (!Number.isSafeInteger(blocks) || blocks < 1)
    throw new CellwrightError("space", expected(`${path}.blocks`, "a whole number of 1 or more", blocks));
  if (!Number.isSafeInteger(inputs) || inputs < 1)
    throw new CellwrightError("space", expected(`${path}.inputs`, "a whole number of 1 or more", inputs));
  if (typeof operations !== "object" || operations === null || Object.keys(operations).length === 0)
    throw new CellwrightError(
      "space",
      expected(`${path}.operations`, "an object of at least one operation", operations),
    );
  if (!Array.isArray(combiners) || combiners.length === 0 || new Set(combiners).size !== combiners.length)
    throw new CellwrightError("space", expected(`${path}.combiners`, "at least one combiner, none twice", combiners));
  const names = Object.keys(operations);
  for (const name of names) checkName(name, childPath(`${path}.operations`, name));
  for (const name of combiners) checkName(name, childPath(`${path}.combiners`, name));
  return names;
}

const BLOCK_FIELDS: readonly string[] = ["leftInput", "rightInput", "leftOperation", "rightOperation", "combiner"];

/** Throws `space` unless a named block is an object of a block's fields: a misspelt `combiner` would silently be the first. */
function checkBlock(block: unknown, path: string): void {
  const what = `a block of ${BLOCK_FIELDS.join(", ")}`;
  if (typeof block !== "object" || block === null) throw new CellwrightError("space", expected(path, what, block));
  const unknown = Object.keys(block).find((field) => !BLOCK_FIELDS.includes(field));
  if (unknown !== undefined) throw new CellwrightError("space", expected(path, what, unknown));
}

/** Returns the states, of `inputs` and of the blocks, that no block reads. */
function looseEnds(blocks: readonly Block[], inputs: number): readonly number[] {
  const read = new Set(blocks.flatMap((block) => [block.leftInput, block.rightInput]));
  return Array.from({ length: inputs + blocks.length }, (_, state) => state).filter((state) => !read.has(state));
}
