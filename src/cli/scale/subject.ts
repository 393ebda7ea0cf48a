/** @file What `scale` grows, by name: anything that has a space. Where a network by name is a candidate of one, it grows from the size it was published at. */
import { basename, extname } from "node:path";
import { namedCandidate, namedNetwork } from "../../../search-spaces/index.ts";
import { CellwrightError } from "../../base/errors.ts";
import { formatCount } from "../../base/units.ts";
import type { Evaluator } from "../../evaluators/evaluator.ts";
import type { Network } from "../../network/index.ts";
import type { ScaleSubject } from "../../scale/scale.ts";
import type { SkeletonBase, Space } from "../../space/space.ts";
import type { ScalingSource } from "../../study/scaling/definition.ts";
import { publishedGenotypes } from "../published.ts";
import { findSubject, type Subject } from "../subject.ts";

export interface Scalable {
  /** `trial 12 of my-study`, `nasnet-a-mobile`. */
  readonly title: string;
  /** Returns how it was found, for model cards. */
  readonly foundBy: Subject["foundBy"];
  /** What a search for its coefficients is called by default: `my-study-scaling`. */
  readonly searchName: string;
  readonly subject: ScaleSubject<SkeletonBase>;
  /** What a search begins from; a text says why there can be none. */
  readonly source: ScalingSource | string;
  /** Of the study that it was found by. */
  readonly evaluator?: Evaluator;
}

/** Finds what is to be scaled. Throws `config` naming what there is, and for a network without a space. */
export async function findScalable(
  target: string,
  options: { readonly results: string; readonly trial?: number },
): Promise<Scalable> {
  const named = options.trial === undefined ? namedCandidate(target) : undefined;
  if (named !== undefined) {
    const { space, genotype, skeleton } = named;
    const foundBy = async (): Promise<string> => await (await findSubject(target, options)).foundBy();
    return of(target, target, foundBy, { space, genotype, skeleton }, { kind: "shelf", space: space.name });
  }
  const published = publishedGenotypes().get(target);
  if (namedNetwork(target) !== undefined && published === undefined) throw withoutSpace(target);
  const found = await findSubject(target, options);
  const { candidate, study } = found;
  if (candidate === undefined) throw withoutSpace(target);
  if (study === undefined) {
    const source: ScalingSource =
      found.file === undefined ? { kind: "shelf", space: candidate.space.name } : { kind: "file", path: found.file };
    const title = target === found.name ? target : `${found.name} of ${candidate.space.name}`;
    return of(title, target, found.foundBy, candidate, source);
  }
  const { definition, reference, name } = study;
  const skeleton = definition.skeleton === undefined ? {} : { skeleton: definition.skeleton };
  const source: ScalingSource | string =
    reference === undefined
      ? `a study that was begun from a file. Received: ${name}, begun from code`
      : { kind: "study", reference };
  const isBest = options.trial === undefined && target.lastIndexOf("@") <= 0;
  const label = isBest ? name : `${name}-${found.name.replace("trial ", "")}`;
  return {
    ...of(`${found.name} of ${name}`, label, found.foundBy, { ...candidate, ...skeleton }, source),
    evaluator: definition.evaluator,
  };
}

function of(
  title: string,
  label: string,
  foundBy: Subject["foundBy"],
  candidate: NonNullable<Subject["candidate"]> & { readonly skeleton?: SkeletonBase },
  source: ScalingSource | string,
): Scalable {
  const { space, genotype, skeleton } = candidate;
  const stem = basename(label, extname(label).length > 5 ? "" : extname(label));
  return {
    title,
    foundBy,
    searchName: `${stem.replaceAll(/[^A-Za-z0-9._-]+/g, "-").replace(/^[._-]+/, "")}-scaling`,
    subject: { space: space as Space<SkeletonBase, Network>, genotype, ...(skeleton !== undefined && { skeleton }) },
    source,
  };
}

function withoutSpace(target: string): CellwrightError {
  const some = [...publishedGenotypes().keys()];
  return new CellwrightError(
    "config",
    `${target}  Expected an architecture that has a space, which says how it grows: a study (my-study, my-study@12), a space or its file (darts@darts-v2, my-cells.yaml@by-hand), or one of ${formatCount(some.length)} published genotypes (${some.join(", ")}) and of the networks made from them (nasnet-a-mobile, efficientnet-b0, mobilenet-v2). Received: a network made by hand, at the one size it has.`,
  );
}
