/** @file A cell space made of data: what JSON or YAML says, compiled to the same `Space` that a file of code makes. */
import { nasnet, nasnetNetwork, type LayerCell, type NasnetSkeleton } from "../../../search-spaces/index.ts";
import { scaleNasnet } from "../../../search-spaces/nasnet/scale.ts";
import { CellwrightError, describe, unreachable } from "../../base/errors.ts";
import {
  conv,
  factorized,
  identity,
  none,
  pool,
  separable,
  sequence,
  type Layer,
  type Network,
} from "../../network/index.ts";
import { cells, defineSpace, type NamedCell, type Space } from "../../space/index.ts";
import { pathText, problemsOf, type PlacedProblem } from "../issues.ts";
import { cellSpaceSchema, type CellSpaceFile, type OperationFile } from "./schema.ts";

/**
 * Returns the space that `value` (a parsed file) says: NASNet's networks of its cells. Throws `space` with every problem, each as
 * `<place><path>  Expected …`; `placeOf` says what stands before the path, by default nothing.
 */
export function cellSpace(
  value: unknown,
  placeOf: (path: readonly PropertyKey[]) => string = () => "",
): Space<NasnetSkeleton, Network> {
  const result = cellSpaceSchema.safeParse(value);
  const problems = [
    ...reservedNames(value),
    ...(result.success
      ? [...missingOperations(result.data), ...repeatedCombiners(result.data)]
      : result.error.issues.flatMap((issue) => problemsOf(issue, value))),
  ];
  if (problems.length > 0) {
    // What is wrong with the whole has no path: only the place stands before it.
    const lines = problems.map(({ path, message }) =>
      path.length === 0
        ? `${placeOf(path).replace(/: $/, "")}  ${message}`
        : `${placeOf(path)}${pathText(path)}  ${message}`,
    );
    throw new CellwrightError("space", lines.join("\n"), { details: { problems } });
  }
  return compile(result.data as CellSpaceFile);
}

type Combiner = "add" | "concat";
type FileCell = CellSpaceFile["cells"]["normal"];

function compile(file: CellSpaceFile): Space<NasnetSkeleton, Network> {
  const all = Object.fromEntries(
    Object.entries(file.operations).map(([name, operation]) => [name, layerOf(operation)]),
  );
  const declare = ({ blocks, combiners = ["add"], operations = Object.keys(all) }: FileCell) =>
    cells<Record<string, Layer>, Combiner>({
      blocks,
      combiners,
      operations: Object.fromEntries(operations.map((name) => [name, all[name] as Layer])),
    });
  const skeleton = { ...nasnet.skeleton, ...file.skeleton } as NasnetSkeleton;
  const common = { name: file.name, version: file.version ?? 1, skeleton };
  const build = (choices: { normal: LayerCell; reduction: LayerCell }, given: NasnetSkeleton) => ({
    network: nasnetNetwork(file.name, choices, given),
  });
  const normal = declare(file.cells.normal);
  const named = (file.named ?? {}) as Readonly<
    Record<string, Record<"normal" | "reduction", NamedCell<string, Combiner>>>
  >;
  if (file.cells.reduction === undefined)
    return defineSpace({
      ...common,
      decisions: { normal },
      decode: (choices, given) => build({ normal: choices.normal, reduction: choices.normal }, given as NasnetSkeleton),
      scaleSkeleton: scaleNasnet,
      named,
    }) as Space<NasnetSkeleton, Network>;
  return defineSpace({
    ...common,
    decisions: { normal, reduction: declare(file.cells.reduction) },
    decode: (choices, given) => build(choices, given as NasnetSkeleton),
    scaleSkeleton: scaleNasnet,
    named,
  }) as Space<NasnetSkeleton, Network>;
}

function layerOf(operation: OperationFile): Layer {
  switch (operation.kind) {
    case "identity":
      return identity();
    case "none":
      return none();
    case "conv":
      return conv(operation.kernel, dilated(operation));
    case "factorized":
      return factorized(operation.kernel);
    case "separable":
      return separable(operation.kernel, {
        ...dilated(operation),
        ...(operation.repeats !== undefined && { repeats: operation.repeats }),
      });
    case "max-pool":
      return pool("max", operation.kernel);
    case "avg-pool":
      return pool("avg", operation.kernel);
    case "sequence":
      return sequence(...operation.layers.map(layerOf));
    default:
      return unreachable(operation);
  }
}

function dilated({ dilation }: { readonly dilation?: number | undefined }): { readonly dilation?: number } {
  return dilation === undefined ? {} : { dilation };
}

/** What the schema doesn't see: it passes over a key of this name, and what is under it would be lost without a word. */
function reservedNames(value: unknown): readonly PlacedProblem[] {
  return ["operations", "named"].flatMap((key) => {
    const names = typeof value === "object" && value !== null ? (value as Record<string, unknown>)[key] : undefined;
    return typeof names === "object" && names !== null && Object.hasOwn(names, "__proto__")
      ? [{ path: [key, "__proto__"], message: 'Expected another name. Received: "__proto__".' }]
      : [];
  });
}

/** What a schema can't say so that every editor knows it. */
function repeatedCombiners({ cells: declaredCells }: CellSpaceFile): readonly PlacedProblem[] {
  return Object.entries(declaredCells).flatMap(([kind, cell]) =>
    (cell?.combiners ?? []).flatMap((name, i, names) =>
      names.indexOf(name) === i
        ? []
        : [
            {
              path: ["cells", kind, "combiners", i],
              message: `Expected combiners that differ. Received: ${describe(name)} twice.`,
            },
          ],
    ),
  );
}

/** What the schema can't know: that a cell's operations are declared, none twice. */
function missingOperations({ operations, cells: declaredCells }: CellSpaceFile): readonly PlacedProblem[] {
  const known = Object.keys(operations);
  return Object.entries(declaredCells).flatMap(([kind, cell]) =>
    (cell?.operations ?? []).flatMap((name, i, names) => {
      const path = ["cells", kind, "operations", i];
      const received = `Received: ${describe(name)}`;
      if (!known.includes(name))
        return [{ path, message: `Expected one of the operations ${known.join(", ")}. ${received}.` }];
      return names.indexOf(name) === i
        ? []
        : [{ path, message: `Expected operations that differ. ${received} twice.` }];
    }),
  );
}
