/** @file The network that is trained, by what its user called it, made for the data's images and classes. */
import { namedNetwork } from "../../../search-spaces/index.ts";
import { CellwrightError, expected } from "../../base/errors.ts";
import { adaptNetwork, networkSizes, type Network, type NetworkSizes } from "../../network/index.ts";
import type { SkeletonBase } from "../../space/space.ts";
import { isNetworkFile, readNetworkFile } from "../../study/network-file.ts";

export interface TrainingSubject {
  /** What it was made for, with the skeleton asked for. */
  readonly sizes: NetworkSizes;
  /** Returns the network for these images and classes. Throws `shape`, `space` or `config` saying the sizes where it can't be. */
  madeFor(sizes: NetworkSizes): Network;
}

/** Finds what is meant. `skeleton` is for a space's candidates. Throws `config` naming what there is. */
export async function trainingSubject(
  target: string,
  options: { readonly results: string; readonly skeleton: SkeletonBase },
): Promise<TrainingSubject> {
  const { results, skeleton } = options;
  const fixed = namedNetwork(target) ?? ((await isNetworkFile(target)) ? await readNetworkFile(target) : undefined);
  if (fixed !== undefined) {
    if (Object.keys(skeleton).length > 0)
      throw new CellwrightError(
        "config",
        expected("--skeleton", "a space's candidate to size", `the network ${target}`),
      );
    return { sizes: networkSizes(fixed), madeFor: (sizes) => adaptNetwork(fixed, sizes) };
  }
  const { findSubject } = await import("../subject.ts");
  const subject = await findSubject(target, { results });
  const asked = subject.network(skeleton);
  const known = subject.candidate?.space.skeleton ?? {};
  return {
    sizes: networkSizes(asked),
    madeFor(sizes) {
      const now = networkSizes(asked);
      const changes = {
        ...("input" in known && now.input.join() !== sizes.input.join() && { input: sizes.input }),
        ...("classes" in known && now.classes !== sizes.classes && { classes: sizes.classes }),
      };
      const network = Object.keys(changes).length === 0 ? asked : subject.network({ ...skeleton, ...changes });
      return adaptNetwork(network, sizes);
    },
  };
}

/** Returns what was changed for the data, in words, or undefined where nothing was. */
export function changedText(was: NetworkSizes, is: NetworkSizes): string | undefined {
  const parts = [
    ...(was.input.join() === is.input.join() ? [] : [`images ${was.input.join(" x ")} to ${is.input.join(" x ")}`]),
    ...(was.classes === is.classes ? [] : [`classes ${was.classes} to ${is.classes}`]),
  ];
  return parts.length === 0 ? undefined : parts.join(", ");
}
