/**
 * @file One cell of the NASNet family, as the released code wires it (slim/nets/nasnet/nasnet_utils.py, `NasNetABaseCell`): inputs brought to F channels,
 * blocks, the loose ends concatenated. AmoebaNet and PNASNet cells are built alike, with other operations.
 */
import { CellwrightError, expected } from "cellwright/base";
import type { Layer, NetworkBuilder, Tensor } from "cellwright/network";
import type { Block } from "cellwright/space";

/** A cell (`Cell` of `cellwright/space`) whose operations are layers. */
export interface LayerCell {
  readonly blocks: readonly Block<string, "add" | "concat">[];
  readonly inputs: number;
  readonly looseEnds: readonly number[];
  readonly operations: Readonly<Record<string, Layer>>;
}

export interface CellSite {
  /** Path of the cell: `cell3`. */
  readonly path: string;
  /** F of this cell: channels of every operation's result. Output channels are F for each state that is put out, 2F for a `concat` block. */
  readonly filters: number;
  /** 1 for a Normal, 2 for a Reduction cell: the stride of every operation that reads one of the cell's two inputs. */
  readonly stride: 1 | 2;
  /** Output of the cell before the last, or undefined right after a stem: the current input then stands for it, as it is. */
  readonly previous?: Tensor | undefined;
  /** (cell index + 1) / total cells for ScheduledDropPath; absent for none. */
  readonly depthFraction?: number | undefined;
  /** States to concatenate. Default: the loose ends; some published cells say otherwise. */
  readonly outputs?: readonly number[];
}

/** Operations whose result is never dropped (appendix A.5; `none` in the released code). */
const KEPT: ReadonlySet<string> = new Set(["identity"]);

function convNorm(net: NetworkBuilder, x: Tensor, path: string, filters: number): Tensor {
  return net.batchNorm(`${path}/bn`, net.conv(`${path}/conv`, x, { filters, kernel: 1 }));
}

/**
 * Halves height and width without losing every second pixel: one 1x1 convolution of stride 2 on the image, one on the image shifted by a
 * row and a column, concatenated, one batch norm. The first gives floor(filters / 2) channels; the released code allows even `filters` only.
 * With stride 1 a plain 1x1 convolution and batch norm, without activation.
 */
export function factorizedReduction(
  net: NetworkBuilder,
  x: Tensor,
  path: string,
  filters: number,
  stride: 1 | 2,
): Tensor {
  if (stride === 1) return convNorm(net, x, path, filters);
  const half = Math.max(1, Math.floor(filters / 2));
  const [height, width] = x.shape as readonly [number, number, number];
  const strided = { kernel: 1, stride: 2, padding: "valid" } as const;
  const even = net.conv(`${path}/even`, x, { ...strided, filters: half });
  if (filters === 1) return net.batchNorm(`${path}/bn`, even);
  // An odd side has one more even row than odd ones: a row of zeros makes up for it, as in the released code.
  const [bottom, right] = [height % 2, width % 2];
  const padded = bottom + right === 0 ? x : net.pad(`${path}/pad`, x, { top: 0, left: 0, bottom, right });
  const shifted = net.slice(`${path}/shift`, padded, {
    top: 1,
    left: 1,
    height: height + bottom - 1,
    width: width + right - 1,
  });
  const odd = net.conv(`${path}/odd`, shifted, { ...strided, filters: filters - half });
  return net.batchNorm(`${path}/bn`, net.concat(`${path}/concat`, [even, odd]));
}

function isSameSize(a: Tensor, b: Tensor): boolean {
  return a.shape[0] === b.shape[0] && a.shape[1] === b.shape[1];
}

/** Brings the previous cell's output to the current size and F channels; a tensor that has both already is left alone, even without activation. */
function adjustPrevious(net: NetworkBuilder, current: Tensor, site: CellSite): Tensor {
  const { previous, filters } = site;
  if (previous === undefined) return current;
  const path = `${site.path}/previous`;
  if (!isSameSize(previous, current)) {
    return factorizedReduction(net, net.activate(`${path}/act`, previous), path, filters, 2);
  }
  if (previous.channels !== filters) return convNorm(net, net.activate(`${path}/act`, previous), path, filters);
  return previous;
}

/** Throws `space` unless the cell starts from the two inputs there are and puts out states that it has. */
function checkSite(cell: LayerCell, path: string, outputs: readonly number[]): void {
  if (cell.inputs !== 2)
    throw new CellwrightError("space", expected(path, "a cell of 2 inputs, the current and the previous", cell.inputs));
  const count = cell.inputs + cell.blocks.length;
  if (outputs.length === 0 || !outputs.every((state) => Number.isSafeInteger(state) && state >= 0 && state < count))
    throw new CellwrightError("space", expected(`${path}: outputs`, `states from 0 to ${count - 1}`, outputs));
}

/** Adds a cell that reads `x`, the current input `[h, w, c]`, and returns its output. Throws `space` for a cell of other than two inputs. */
export function buildCell(net: NetworkBuilder, cell: LayerCell, x: Tensor, site: CellSite): Tensor {
  const { path, filters, stride, depthFraction, outputs = cell.looseEnds } = site;
  checkSite(cell, path, outputs);
  const previous = adjustPrevious(net, x, site);
  const current = convNorm(net, net.activate(`${path}/current/act`, x), `${path}/current`, filters);
  const states: Tensor[] = [current, previous];

  cell.blocks.forEach((block, b) => {
    const apply = (side: "left" | "right", input: number, operation: string): Tensor => {
      const at = `${path}/block${b}/${side}`;
      const layer = cell.operations[operation] as Layer;
      const result = layer(net, states[input] as Tensor, {
        path: at,
        filters,
        stride: input < cell.inputs ? stride : 1,
      });
      if (depthFraction === undefined || KEPT.has(operation)) return result;
      return net.dropPath(`${at}/drop`, result, depthFraction);
    };
    const sides = [
      apply("left", block.leftInput, block.leftOperation),
      apply("right", block.rightInput, block.rightOperation),
    ];
    const at = `${path}/block${b}/${block.combiner}`;
    states.push(block.combiner === "add" ? net.add(at, sides) : net.concat(at, sides));
  });

  // Only a cell input that no block reads can be of another size, or (right after a stem) of other channels.
  const last = states[states.length - 1] as Tensor;
  const ends = outputs.map((state) => {
    const end = states[state] as Tensor;
    if (state >= cell.inputs || (end.channels === filters && isSameSize(end, last))) return end;
    return factorizedReduction(net, end, `${path}/end${state}`, filters, isSameSize(end, last) ? 1 : 2);
  });
  return ends.length === 1 ? (ends[0] as Tensor) : net.concat(`${path}/output`, ends);
}
