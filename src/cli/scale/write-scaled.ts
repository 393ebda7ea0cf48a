/** @file A scaled architecture as files: the network alone as JSON, or a model's folder, which keeps the genotype and how it was found for every card made of it. */
import { basename } from "node:path";
import { exportCellwright } from "../../export/index.ts";
import { networkAt, type ScaledSize } from "../../scale/scale.ts";
import { writeIntoFolder, writeWhole } from "../../storage/whole-files.ts";
import { DRAWING, drawingOf } from "../export/drawing.ts";
import { genotypeText } from "../export/model.ts";
import type { Scalable } from "./subject.ts";

/** Writes a size of what was scaled: into a file where `out` ends in `.json`, else into a folder that is a model without weights. Throws `storage`. */
export async function writeScaled(
  out: string,
  { title, foundBy, subject }: Pick<Scalable, "title" | "foundBy" | "subject">,
  size: Pick<ScaledSize, "factors" | "skeleton">,
): Promise<void> {
  const network = networkAt(subject, size);
  if (out.endsWith(".json")) {
    await writeWhole(out, `${JSON.stringify(network)}\n`);
    return;
  }
  const { space, genotype } = subject;
  const { depth, width, resolution } = size.factors;
  const times = (factor: number): string => `x ${Number(factor.toPrecision(4))}`;
  const scaled = `${title}: depth ${times(depth)}, width ${times(width)}, resolution ${times(resolution)}`;
  const name = basename(out);
  const files = exportCellwright(network, undefined, {
    name,
    description: `${title}, scaled.`,
    candidate: { space: space.name, version: space.version, skeleton: size.skeleton, genotype },
    card: {
      search: await foundBy(),
      genotype: genotypeText({ space, genotype }),
      drawing: DRAWING,
      more: { "scaled from": scaled },
    },
  });
  files.set(DRAWING, drawingOf(network, { space, genotype }, { title: name, subtitle: scaled }));
  await writeIntoFolder(out, files);
}
