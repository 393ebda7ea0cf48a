/** @file What the upper floors take from here: cells as pictures and as text. */
export {
  cellsOf,
  stateName,
  type CellBlock,
  type CellStep,
  type CellStructure,
  type OutputsOf,
} from "./cell-structure.ts";
export { drawCellSvg, type DrawOptions } from "./cell-svg.ts";
export { cellLine, cellText, titleOf } from "./cell-text.ts";
export { operationStyle, type OperationShape, type OperationStyle } from "./operation-style.ts";
