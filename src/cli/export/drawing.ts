/** @file The drawing beside a model card: the cells side by side, or the stages of a network that has none. */
import { cellsPicture, networkPicture, pictureSvg } from "../../draw/index.ts";
import type { Network } from "../../network/index.ts";
import { studyCells } from "../candidates.ts";
import type { SpaceCandidate } from "../models.ts";

/** The drawing's name in an export's folder. */
export const DRAWING = "architecture.svg";

/** Returns the drawing as SVG. */
export function drawingOf(
  network: Network,
  candidate: Pick<SpaceCandidate, "space" | "genotype"> | undefined,
  { title, subtitle }: { readonly title: string; readonly subtitle?: string | undefined },
): Uint8Array {
  const cells = candidate === undefined ? [] : studyCells(candidate, candidate.genotype);
  const words = { title, ...(subtitle !== undefined && { subtitle }) };
  const picture = cells.length > 0 ? cellsPicture(cells, words) : networkPicture(network, words);
  return new TextEncoder().encode(pictureSvg(picture));
}
