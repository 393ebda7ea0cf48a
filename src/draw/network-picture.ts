/**
 * @file A network by its stages as a picture: the image below, the classes on top, as the papers' figures have them. A stage is as wide as its image is large and
 * narrows where it shrinks; its colour and shape at the side are those of the operation that costs most; what skips a stage runs beside them.
 */
import { formatMacs, formatSi } from "../base/units.ts";
import { costOf, type Network } from "../network/index.ts";
import type { Mark } from "./cell-diff.ts";
import { framed, legend, titled, type Panel } from "./frame.ts";
import { frameOf } from "./marks.ts";
import { diffStages } from "./network-diff.ts";
import { operationStyle } from "./operation-style.ts";
import { operationsText, stageName, stagesOf, type Stage } from "./network-stages.ts";
import { faintInk, fitText, ink, LETTER, round, type Picture, type Shape } from "./picture.ts";

const MARGIN = 28;
const ROW = 78;
const BOX_HEIGHT = 54;
const WIDEST = 470;
const NARROWEST = 330;
/** Between two lines beside the stages. */
const LANE = 13;
const MAX_LANES = 14;

/** Returns the picture of a network. */
export function networkPicture(
  network: Network,
  options: { readonly title?: string; readonly subtitle?: string } = {},
): Picture {
  const { params, macs } = costOf(network);
  const sizes = `${formatSi(params)} parameters, ${formatMacs(macs)}`;
  const subtitle = options.subtitle === undefined ? sizes : `${options.subtitle} · ${sizes}`;
  return framed([[stagesPanel(stagesOf(network))]], { title: options.title ?? network.name, subtitle });
}

/**
 * Returns the picture of two networks side by side: stages that only one has are marked as removed in the first or added in the second, those that are others in both.
 */
export function networkDifferencePicture(before: NamedNetwork, after: NamedNetwork): Picture {
  const [old, young] = [stagesOf(before.network), stagesOf(after.network)];
  const marks = diffStages(old, young);
  const panels = [
    titled(stagesPanel(old, marks.before), before.name),
    titled(stagesPanel(young, marks.after), after.name),
  ];
  const title = `${before.name} and ${after.name}`;
  return framed([panels], { title }, legend(before.name, after.name, "another stage of that name"));
}

/** A network, and how it is called beside another. */
export interface NamedNetwork {
  readonly name: string;
  readonly network: Network;
}

/** The stages of a network, the image at the bottom; `marks` by the place of the stage. */
function stagesPanel(stages: readonly Stage[], marks: ReadonlyMap<number, Mark> = new Map()): Panel {
  const skips = lanesOf(stages);
  const lanes = Math.max(0, ...skips.map(({ lane }) => lane + 1));
  const beside = lanes === 0 ? 0 : 22 + lanes * LANE;
  const width = WIDEST + beside + 2 * MARGIN;
  const height = (stages.length - 1) * ROW + BOX_HEIGHT + 2 * MARGIN;
  const middle = MARGIN + WIDEST / 2;
  /** Centre of a stage; the first is the lowest. */
  const y = (place: number): number => MARGIN / 2 + (stages.length - 1 - place) * ROW + BOX_HEIGHT / 2;
  const widths = stageWidths(stages);
  const wide = (place: number | undefined): number => widths[place ?? -1] ?? WIDEST;
  const foot = (place: number): number => Math.max(wide(place), wide(stages[place]?.reads.at(-1) ?? place));
  /** The right side of a stage, `below` its centre: one that narrows slants. */
  const right = (place: number, below: number): number =>
    middle + (wide(place) + (foot(place) - wide(place)) * (below / BOX_HEIGHT + 0.5)) / 2;
  const shapes = [
    ...stages.flatMap((stage, place) =>
      stage.reads.includes(place - 1) ? upwards(middle, y(place - 1) - BOX_HEIGHT / 2, y(place) + BOX_HEIGHT / 2) : [],
    ),
    ...skips.flatMap(({ from, to, lane }) => {
      const x = middle + WIDEST / 2 + 14 + lane * LANE;
      return around({ x: right(from, -8), y: y(from) - 8 }, x, { x: right(to, 8), y: y(to) + 8 });
    }),
    ...stages.flatMap((stage, place) => {
      const mark = marks.get(place);
      const outline = mark === undefined ? [] : frameOf({ x: middle, y: y(place) }, foot(place), BOX_HEIGHT, mark);
      return [...stageShapes(stage, middle, y(place), wide(place), foot(place)), ...outline];
    }),
  ];
  return { width, height, shapes };
}

/** A stage's width goes by the logarithm of its image's side: from the whole image's to a single pixel's. */
function stageWidths(stages: readonly Stage[]): readonly number[] {
  const sides = stages.map(({ shape }) => (shape.length === 3 ? Math.max(shape[0] ?? 1, shape[1] ?? 1) : 1));
  const largest = Math.max(2, ...sides);
  return sides.map((side) => NARROWEST + ((WIDEST - NARROWEST) * Math.log(side)) / Math.log(largest));
}

interface Skip {
  readonly from: number;
  readonly to: number;
  readonly lane: number;
}

/** Gives every line that skips stages a lane of its own, the short ones nearest; beyond the last lane they share. */
function lanesOf(stages: readonly Stage[]): readonly Skip[] {
  const skips = stages.flatMap(({ reads }, to) =>
    reads.filter((from) => from !== to - 1).map((from) => ({ from, to })),
  );
  const taken: { from: number; to: number }[][] = [];
  return skips
    .toSorted((a, b) => Math.abs(a.to - a.from) - Math.abs(b.to - b.from) || a.from - b.from)
    .map(({ from, to }) => {
      const [low, high] = [Math.min(from, to), Math.max(from, to)];
      const free = taken.findIndex((lane) => lane.every((other) => high <= other.from || low >= other.to));
      const lane = Math.min(free < 0 ? taken.length : free, MAX_LANES - 1);
      (taken[lane] ??= []).push({ from: low, to: high });
      return { from, to, lane };
    });
}

function upwards(x: number, from: number, to: number): readonly Shape[] {
  return [line(`M${round(x)} ${round(from)}V${round(to + 8)}`), tip(x, to, 0)];
}

/** From the side of one stage to the side of another, along a lane. */
function around(
  from: { readonly x: number; readonly y: number },
  lane: number,
  to: { readonly x: number; readonly y: number },
): readonly Shape[] {
  const up = Math.sign(to.y - from.y);
  const bend = 10 * up;
  const d = `M${round(from.x)} ${round(from.y)}H${round(lane - 10)}Q${round(lane)} ${round(from.y)} ${round(lane)} ${round(from.y + bend)}V${round(to.y - bend)}Q${round(lane)} ${round(to.y)} ${round(lane - 10)} ${round(to.y)}H${round(to.x + 8)}`;
  return [line(d), tip(to.x, to.y, -1)];
}

function line(d: string): Shape {
  return { kind: "path", d, fill: "none", stroke: faintInk, width: 1.6 };
}

/** An arrow's head that points up (0) or to the left (-1). */
function tip(x: number, y: number, way: 0 | -1): Shape {
  const d =
    way === 0
      ? `M${round(x - 5)} ${round(y + 9)}L${round(x)} ${round(y)}L${round(x + 5)} ${round(y + 9)}Z`
      : `M${round(x + 9)} ${round(y - 5)}L${round(x)} ${round(y)}L${round(x + 9)} ${round(y + 5)}Z`;
  return { kind: "path", d, fill: faintInk };
}

/** As many of the operations as there is room for. */
function worksText(stage: Stage, room: number): { readonly text: string; readonly size: number } {
  const texts = [3, 2, 1].map((most) => operationsText(stage, most));
  const text = texts.find((each) => each.length * 13 * LETTER <= room);
  return text === undefined ? fitText(texts.at(-1) ?? "", room, [13, 11]) : { text, size: 13 };
}

/** A box as wide at its foot as the stage before, at its head as itself; name and output, then operations and size. */
function stageShapes(stage: Stage, x: number, y: number, wide: number, footWide: number): readonly Shape[] {
  const { operations, shape, params, names } = stage;
  const style = operations[0] === undefined ? { fill: "#e9e9e4", stroke: ink } : operationStyle(operations[0].name);
  const [top, bottom] = [y - BOX_HEIGHT / 2, y + BOX_HEIGHT / 2];
  const outline = `M${round(x - wide / 2)} ${round(top)}H${round(x + wide / 2)}L${round(x + footWide / 2)} ${round(bottom)}H${round(x - footWide / 2)}Z`;
  const text = { kind: "text", fill: ink } as const;
  const name = fitText(stageName(stage), wide * 0.52, [16, 13.5, 11]);
  const times = names.length === 1 ? "" : `× ${names.length}`;
  const left = x - wide / 2 + 14;
  const size = params === 0 ? "" : `${formatSi(params)} params`;
  const works = worksText(stage, wide - 40 - size.length * 13 * LETTER);
  return [
    { kind: "path", d: outline, fill: style.fill, stroke: style.stroke, width: 1.8 },
    {
      ...text,
      x: left,
      y: y - 5,
      text: name.text,
      size: name.size,
      anchor: "start",
      bold: true,
      ...(name.text !== stageName(stage) && { whole: stageName(stage) }),
    },
    ...(times === ""
      ? []
      : [
          {
            ...text,
            x: left + name.text.length * name.size * 0.58 + 8,
            y: y - 5,
            text: times,
            size: 15,
            anchor: "start" as const,
          },
        ]),
    { ...text, x: x + wide / 2 - 14, y: y - 5, text: shape.join("×"), size: 14, anchor: "end" },
    {
      ...text,
      x: left,
      y: y + 17,
      text: works.text,
      size: works.size,
      anchor: "start",
      ...(works.text !== operationsText(stage) && { whole: operationsText(stage, 99) }),
    },
    ...(size === ""
      ? []
      : [{ ...text, x: x + wide / 2 - 14, y: y + 17, text: size, size: 13, anchor: "end" as const }]),
  ];
}
