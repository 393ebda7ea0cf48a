/** @file Which coefficients `scale` grows by: those given, those of a search, or EfficientNet's; and where they are from, in words. */
import { stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { canonicalJson } from "../../base/canonical-json.ts";
import { CellwrightError, expected } from "../../base/errors.ts";
import { efficientNetCoefficients, type ScaleCoefficients } from "../../scale/factors.ts";
import { readConfigRecord } from "../../study/config-record.ts";
import { scalingResults } from "../../study/scaling/results.ts";
import { withStudy } from "../open-study.ts";
import { coefficientText } from "./results.ts";
import type { Scalable } from "./subject.ts";

export interface ChosenCoefficients {
  readonly coefficients: ScaleCoefficients;
  /** `alpha, beta, gamma 1.2, 1.1, 1.15 (EfficientNet's)`. */
  readonly text: string;
}

/** Returns the coefficients. Throws `config` for a study that has found none, and where both a study and numbers are given. */
export async function chooseCoefficients(
  scalable: Scalable,
  request: { readonly results: string; readonly coefficients?: string } & Partial<ScaleCoefficients>,
): Promise<ChosenCoefficients> {
  const { alpha, beta, gamma, results } = request;
  const named = (coefficients: ScaleCoefficients, from: string): ChosenCoefficients => ({
    coefficients,
    text: `alpha, beta, gamma ${coefficientText(coefficients)} (${from})`,
  });
  const isGiven = alpha !== undefined || beta !== undefined || gamma !== undefined;
  if (isGiven && request.coefficients !== undefined)
    throw new CellwrightError(
      "config",
      expected("--coefficients", "no study beside --alpha, --beta and --gamma", request.coefficients),
    );
  if (isGiven) {
    const published = efficientNetCoefficients;
    const given = { alpha: alpha ?? published.alpha, beta: beta ?? published.beta, gamma: gamma ?? published.gamma };
    return named(given, "as given");
  }
  if (request.coefficients !== undefined) {
    const found = await foundBy(request.coefficients, results);
    return named(found.coefficients, found.from);
  }
  const isThere = await stat(join(resolve(results), scalable.searchName, "study.db")).then(
    () => true,
    () => false,
  );
  if (!isThere) return named(efficientNetCoefficients, "EfficientNet's");
  const own = await foundBy(scalable.searchName, results).catch((error: unknown) => {
    if (error instanceof CellwrightError && error.code === "config") return undefined;
    throw error;
  });
  const isOfThis = own !== undefined && canonicalJson(own.genotype) === canonicalJson(scalable.subject.genotype);
  if (isOfThis && own.isGridDone) return named(own.coefficients, own.from);
  const why = own === undefined ? "has found none yet" : isOfThis ? "is not done" : "is of another architecture";
  return named(efficientNetCoefficients, `EfficientNet's: ${scalable.searchName} ${why}`);
}

async function foundBy(
  name: string,
  results: string,
): Promise<{
  readonly coefficients: ScaleCoefficients;
  readonly from: string;
  readonly genotype: unknown;
  readonly isGridDone: boolean;
}> {
  return await withStudy(name, results, async (study) => {
    const found = await scalingResults(study);
    if (found?.chosen === undefined)
      throw new CellwrightError(
        "config",
        expected(
          "--coefficients",
          "a study of scale --search with a complete trial of its grid",
          found === undefined ? `${study.name}, a study of another kind` : `${study.name}, which has none yet`,
        ),
      );
    const row = found.rows.find(({ isChosen }) => isChosen);
    const scaling = readConfigRecord(study.storage.study.config, name).reference?.overrides["scaling"];
    const genotype = (scaling as { readonly genotype?: unknown } | undefined)?.genotype ?? null;
    const soFar = found.isGridDone ? "" : " so far";
    return {
      coefficients: found.chosen,
      from: `found by ${study.name}, trial ${row?.trial?.number}${soFar}`,
      genotype,
      isGridDone: found.isGridDone,
    };
  });
}
