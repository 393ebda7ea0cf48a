/** @file What the upper floors take from here: cells and networks as pictures and as text. */
export { diffCells, diffText, type CellDifference, type CellMarks, type Mark } from "./cell-diff.ts";
export {
  cellsOf,
  stateName,
  type CellBlock,
  type CellStep,
  type CellStructure,
  type OutputsOf,
} from "./cell-structure.ts";
export {
  cellPicture,
  cellsPicture,
  differencePicture,
  drawCellSvg,
  type DrawOptions,
  type NamedCells,
} from "./cells-picture.ts";
export { cellLine, cellRows, cellText, titleOf, type PaintLabel } from "./cell-text.ts";
export { diffStages, networkDiffText, type StageDifference } from "./network-diff.ts";
export { networkDifferencePicture, networkPicture, type NamedNetwork } from "./network-picture.ts";
export { stagesOf, type Stage, type StageOperation } from "./network-stages.ts";
export { networkText } from "./network-text.ts";
export { operationStyle, type OperationShape, type OperationStyle } from "./operation-style.ts";
export { ground, pictureSvg, type Picture, type Shape } from "./picture.ts";
