/** @file The network that is trained, by what its user called it, made for the data's images and classes. */
import { namedCandidate, namedNetwork } from "../../../search-spaces/index.ts";
import { CellwrightError, expected } from "../../base/errors.ts";
import { hashJson } from "../../base/hash.ts";
import type { ExportCandidate } from "../../export/index.ts";
import { adaptNetwork, networkSizes, type Network, type NetworkSizes } from "../../network/index.ts";
import type { SkeletonBase } from "../../space/space.ts";
import { isNetworkFile } from "../../study/network-file.ts";
import type { TrainingOrigin } from "../../study/training/config.ts";
import type { SpaceCandidate } from "../models.ts";

export interface TrainingSubject {
  /** What it was made for, with the skeleton asked for. */
  readonly sizes: NetworkSizes;
  /** Returns the network for these images and classes. Throws `shape`, `space` or `config` saying the sizes where it can't be. */
  madeFor(sizes: NetworkSizes): Network;
  /** Returns where a network that was made is from. */
  originOf(network: Network): Promise<TrainingOrigin>;
}

/** Finds what is meant. `skeleton` is for a space's candidates. Throws `config` naming what there is. */
export async function trainingSubject(
  target: string,
  options: { readonly results: string; readonly skeleton: SkeletonBase },
): Promise<TrainingSubject> {
  const { results, skeleton } = options;
  const isFixed = namedNetwork(target) !== undefined || (await isNetworkFile(target));
  if (isFixed && Object.keys(skeleton).length > 0)
    throw new CellwrightError("config", expected("--skeleton", "a space's candidate to size", `the network ${target}`));
  const { findSubject } = await import("../subject.ts");
  const subject = await findSubject(target, { results });
  const asked = subject.network(skeleton);
  const candidate = subject.candidate ?? namedCandidate(target);
  const known = subject.candidate?.space.skeleton ?? {};
  const changesFor = (sizes: NetworkSizes): SkeletonBase => {
    const now = networkSizes(asked);
    return {
      ...("input" in known && now.input.join() !== sizes.input.join() && { input: sizes.input }),
      ...("classes" in known && now.classes !== sizes.classes && { classes: sizes.classes }),
    };
  };
  return {
    sizes: networkSizes(asked),
    madeFor(sizes) {
      const changes = changesFor(sizes);
      const network = Object.keys(changes).length === 0 ? asked : subject.network({ ...skeleton, ...changes });
      return adaptNetwork(network, sizes);
    },
    async originOf(network) {
      const found = candidate && decodedFrom(network, candidate, { ...skeleton, ...changesFor(networkSizes(network)) });
      return { foundBy: await subject.foundBy(), ...(found && { candidate: found }) };
    },
  };
}

/** The candidate as it is stored, where the network is what it decodes to: one whose layers were changed for the data is not. */
function decodedFrom(
  network: Network,
  { space, genotype, skeleton = {} }: SpaceCandidate,
  changes: SkeletonBase,
): ExportCandidate | undefined {
  const whole = { ...skeleton, ...changes };
  const decoded = space.decode(genotype, whole).network as Network;
  if (hashJson(decoded.nodes) !== hashJson(network.nodes)) return undefined;
  return { space: space.name, version: space.version, skeleton: whole, genotype };
}

/** Returns what was changed for the data, in words, or undefined where nothing was. */
export function changedText(was: NetworkSizes, is: NetworkSizes): string | undefined {
  const parts = [
    ...(was.input.join() === is.input.join() ? [] : [`images ${was.input.join(" x ")} to ${is.input.join(" x ")}`]),
    ...(was.classes === is.classes ? [] : [`classes ${was.classes} to ${is.classes}`]),
  ];
  return parts.length === 0 ? undefined : parts.join(", ");
}
