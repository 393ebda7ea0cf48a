/** @file The largest size within a budget, as `scale` looks for it: by what is counted first, and then, where latency is limited, by few measurements. */
import { CellwrightError, expected } from "../../base/errors.ts";
import { formatBytes, formatCount, formatMacs } from "../../base/units.ts";
import type { Network } from "../../network/index.ts";
import { largestWithinLatency } from "../../scale/latency.ts";
import { largestThatFits, networkAt, scaleTo, type ScaledSize, type ScaleSubject } from "../../scale/scale.ts";
import type { SkeletonBase } from "../../space/space.ts";
import { latencyText } from "../scaling.ts";

export interface Budget {
  readonly maxMacs?: number;
  readonly maxParams?: number;
  /** Bytes of training, by `memoryOf`. */
  readonly maxMemory?: number;
  readonly maxLatencyMs?: number;
}

export interface Measures {
  readonly memoryOf: (network: Network) => number;
  readonly latencyOf: (network: Network) => Promise<number>;
}

/** Returns the largest size within every bound. Throws `config` naming the bound that not even phi 0 keeps, and what it takes. */
export async function fitBudget(
  subject: ScaleSubject<SkeletonBase>,
  budget: Budget,
  measures: Measures,
): Promise<ScaledSize> {
  const { maxLatencyMs, ...counted } = budget;
  const isCounted = Object.values(counted).some((bound) => bound !== undefined);
  const byCount = isCounted ? largestThatFits(subject, { ...counted, memoryOf: measures.memoryOf }) : undefined;
  if (isCounted && byCount === undefined) throw noRoom(subject, counted, measures);
  if (maxLatencyMs === undefined) return byCount as ScaledSize;
  const { best, measured } = await largestWithinLatency(subject, maxLatencyMs, measures.latencyOf, byCount?.phi);
  if (best === undefined)
    throw new CellwrightError(
      "config",
      expected(
        "--max-latency-ms",
        `${latencyText(measured[0]?.latencyMs ?? 0)} or more, which phi 0 took`,
        latencyText(maxLatencyMs),
      ),
    );
  return best.size;
}

function noRoom(
  subject: ScaleSubject<SkeletonBase>,
  budget: Omit<Budget, "maxLatencyMs">,
  { memoryOf }: Measures,
): Error {
  const least = scaleTo(subject, 0);
  const { maxMacs = Infinity, maxParams = Infinity, maxMemory = Infinity } = budget;
  const [flag, needed, given] =
    least.macs > maxMacs
      ? (["--max-macs", formatCount(least.macs), formatCount(maxMacs)] as const)
      : least.params > maxParams
        ? (["--max-params", formatCount(least.params), formatCount(maxParams)] as const)
        : (["--max-memory", formatBytes(memoryOf(networkAt(subject, least))), formatBytes(maxMemory)] as const);
  return new CellwrightError("config", expected(flag, `${needed} or more, which is the size at phi 0`, given));
}

/** `, within 600 MMAC and 5,000,000 params`; nothing without bounds. */
export function budgetText({ maxMacs, maxParams, maxMemory, maxLatencyMs }: Budget, batch: number): string {
  const parts = [
    ...(maxMacs === undefined ? [] : [formatMacs(maxMacs)]),
    ...(maxParams === undefined ? [] : [`${formatCount(maxParams)} params`]),
    ...(maxMemory === undefined ? [] : [`${formatBytes(maxMemory)} of training at batch ${batch}`]),
    ...(maxLatencyMs === undefined ? [] : [`${latencyText(maxLatencyMs)} an image`]),
  ];
  const last = parts.at(-1);
  if (last === undefined) return "";
  return `, within ${parts.length === 1 ? last : `${parts.slice(0, -1).join(", ")} and ${last}`}`;
}
