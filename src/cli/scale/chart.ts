/** @file What a search for coefficients found, as a picture and as JSON. */
import { formatCount, formatEpochs } from "../../base/units.ts";
import type { GrowthPoint, GrowthSeries } from "../../charts/index.ts";
import type { ScalingResults, ScalingRow } from "../../study/scaling/results.ts";
import type { Study } from "../../study/study.ts";
import { dataText } from "../head-line.ts";
import { accuracyError } from "../statistics.ts";
import { coefficientText, comparedRows, imagesOf, METHODS } from "./results.ts";

/** Returns the chart, or undefined before two networks have been measured. */
export async function scalingChart(
  study: Study,
  results: ScalingResults,
  title: string,
): Promise<Uint8Array | undefined> {
  const { scalingPng } = await import("../../charts/index.ts");
  const images = imagesOf(study);
  const pointOf = (row: ScalingRow): GrowthPoint[] =>
    row.value === undefined
      ? []
      : [
          {
            macs: row.point.size.macs,
            value: row.value,
            ...(images !== undefined && { error: accuracyError(row.value, images) }),
            isOnTarget: row.point.isOnTarget,
          },
        ];
  const compared = comparedRows(results);
  const series = METHODS.flatMap((method): GrowthSeries[] => {
    const points = compared.filter(({ point }) => point.method === method).flatMap(pointOf);
    const label =
      method === "compound"
        ? `compound (${results.chosen === undefined ? "" : coefficientText(results.chosen)})`
        : `${method} alone`;
    return points.length === 0 ? [] : [{ method, label, points }];
  });
  const searched = results.rows.filter(({ point }) => point.method === "searched").flatMap(pointOf)[0];
  const grid = results.rows
    .filter(({ index, isChosen }) => results.plan.grid.includes(index) && !isChosen)
    .flatMap(pointOf);
  if (series.length === 0 || grid.length + series.length < 2) return undefined;
  const epochs = study.definition.evaluator.options["epochs"];
  const parts = [
    dataText(study),
    ...(typeof epochs === "number" ? [formatEpochs(epochs)] : []),
    ...(images === undefined ? [] : [`bars: one standard error of ${formatCount(images)} images`]),
    ...(compared.some(({ point, value }) => value !== undefined && !point.isOnTarget)
      ? [`hollow: more than ${Math.round(results.plan.macsTolerance * 100)}% off the level`]
      : []),
  ];
  return scalingPng(searched, series, grid, {
    title,
    subtitle: parts.filter((part) => part !== undefined).join(" · "),
    measure: `validation ${results.measure}`,
  });
}

/** Returns all that was measured as plain JSON. */
export function resultsJson(results: ScalingResults): unknown {
  return {
    study: results.study,
    measure: results.measure,
    chosen: results.chosen ?? null,
    isGridDone: results.isGridDone,
    macsTolerance: results.plan.macsTolerance,
    searchedMacs: results.plan.searchedMacs,
    lacking: results.plan.lacking,
    points: results.rows.map(({ point, trial, value, isChosen }) => ({
      name: point.name,
      method: point.method,
      level: point.level,
      ...(point.coefficients !== undefined && { coefficients: point.coefficients }),
      phi: point.size.phi,
      factors: point.size.factors,
      skeleton: point.size.skeleton,
      params: point.size.params,
      macs: point.size.macs,
      macsRatio: point.macsRatio,
      isOnTarget: point.isOnTarget,
      same: point.same,
      notes: point.size.notes,
      ...(trial !== undefined && { trial: trial.number, state: trial.state }),
      ...(value !== undefined && { value }),
      isChosen,
    })),
  };
}
