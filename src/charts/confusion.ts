/**
 * @file What a network takes for what: the confusion matrix, and its worst cells by name. Right answers and mistakes have a colour each, of
 * different lightness ramps (blue and orange: told apart with any colour vision), and each its own scale: beside a good network's diagonal its
 * mistakes would be white.
 */
import type { SKRSContext2D } from "@napi-rs/canvas";
import { faintInk, gridColour, ink } from "./canvas.ts";
import { fittedText, mixColours, PAGE_HEAD, pagePng, setFont } from "./page.ts";

export interface ConfusionOptions {
  readonly title: string;
  readonly subtitle?: string;
  /** Names of the classes, in the order of the matrix. */
  readonly classes: readonly string[];
}

/** A mistake: images of one class taken for another. */
export interface Mistake {
  readonly truth: number;
  readonly predicted: number;
  readonly count: number;
  /** Share of the true class's images in the matrix. */
  readonly share: number;
}

/** Returns the mistakes by share of their class, the largest first, of equal ones in the matrix's order. `confusion` is row-major `[truth, predicted]`. */
export function mistakesOf(confusion: ArrayLike<number>, classes: number): Mistake[] {
  const mistakes: Mistake[] = [];
  for (let truth = 0; truth < classes; truth++) {
    const total = rowSum(confusion, classes, truth);
    for (let predicted = 0; predicted < classes; predicted++) {
      const count = confusion[truth * classes + predicted] as number;
      if (predicted !== truth && count > 0) mistakes.push({ truth, predicted, count, share: count / total });
    }
  }
  return mistakes.toSorted((a, b) => b.share - a.share);
}

function rowSum(confusion: ArrayLike<number>, classes: number, row: number): number {
  let sum = 0;
  for (let k = 0; k < classes; k++) sum += confusion[row * classes + k] as number;
  return sum;
}

const WHITE = [252, 252, 250];
const BLUE = [0, 70, 115];
const ORANGE = [179, 71, 0];
/** Mistakes that are listed. */
const LISTED = 14;
/** Width of the list at the right. */
const LIST = 430;
const MARGIN = 34;
/** Longest name of a class, in pixels. */
const LONGEST_NAME = 190;

/** How large everything is for so many classes. */
function measures(classes: number, widestName: number) {
  // A hundred classes are all named; of several hundred, so many that their names have room.
  const cell = Math.max(Math.min(72, Math.floor(900 / classes)), classes <= 110 ? 15 : 2);
  const text = Math.max(11, Math.min(19, cell - 2));
  // Where rows are lower than text, each so-many-th is named.
  const every = Math.max(1, Math.ceil((text + 2) / cell));
  const names = Math.min(LONGEST_NAME, widestName * (text / 20)) + 14;
  return { cell, text, every, names, side: cell * classes };
}

/** Returns a PNG: a row for each true class, a column for each predicted one, shares of the row. */
export function confusionPng(confusion: ArrayLike<number>, options: ConfusionOptions): Uint8Array {
  const { classes } = options;
  const count = classes.length;
  const { cell, text, every, names, side } = measures(count, widest(classes));
  const mistakes = mistakesOf(confusion, count);
  const most = mistakes[0]?.share ?? 0;
  const left = MARGIN + 30 + names;
  const top = PAGE_HEAD + 30 + names;
  const listLeft = left + side + 48;
  const width = Math.max(900, listLeft + LIST + MARGIN);
  const height = Math.max(top + side + MARGIN, PAGE_HEAD + 200 + LISTED * 30 + MARGIN);
  const page = { width, height, title: options.title, subtitle: options.subtitle };
  return pagePng(page, (context) => {
    for (let row = 0; row < count; row++) {
      const total = rowSum(confusion, count, row);
      for (let column = 0; column < count; column++) {
        const share = total === 0 ? 0 : (confusion[row * count + column] as number) / total;
        if (share === 0) continue;
        const [x, y] = [left + column * cell, top + row * cell];
        context.fillStyle = row === column ? rightColour(share) : mistakeColour(share, most);
        context.fillRect(x, y, cell, cell);
        if (cell < 36) continue;
        setFont(context, Math.min(19, cell * 0.33));
        context.textAlign = "center";
        const isDark = row === column ? share > 0.45 : share > 0.55 * most;
        context.fillStyle = isDark ? "#ffffff" : ink;
        context.fillText(percent(share), x + cell / 2, y + cell / 2 + Math.min(19, cell * 0.33) * 0.36);
      }
    }
    drawGrid(context, left, top, cell, count);
    drawNames(context, classes, { left, top, cell, text, every, names });
    drawAxes(context, left, top, side, names);
    drawKey(context, listLeft, PAGE_HEAD + 24, most);
    drawList(context, listLeft, PAGE_HEAD + 160, mistakes, classes);
  });
}

function widest(classes: readonly string[]): number {
  // B612 at 20 pixels is about 11.5 wide a letter; names that are cut anyway need no measuring.
  return Math.max(...classes.map((name) => name.length)) * 11.5;
}

const rightColour = (share: number): string => mixColours(WHITE, BLUE, share);
// A single mistake is to be seen: its colour begins a step away from the ground.
const mistakeColour = (share: number, most: number): string => mixColours(WHITE, ORANGE, 0.08 + 0.92 * (share / most));

function percent(share: number): string {
  const value = share * 100;
  return value >= 10 || value === 0 ? value.toFixed(0) : value.toFixed(1).replace(/\.0$/, "");
}

function drawGrid(context: SKRSContext2D, left: number, top: number, cell: number, count: number): void {
  const side = cell * count;
  context.strokeStyle = gridColour;
  context.lineWidth = 1;
  // Lines between cells; of tiny ones every tenth, to count by.
  const step = cell >= 10 ? 1 : 10;
  context.beginPath();
  for (let k = 0; k <= count; k += step) {
    context.moveTo(left + k * cell + 0.5, top);
    context.lineTo(left + k * cell + 0.5, top + side);
    context.moveTo(left, top + k * cell + 0.5);
    context.lineTo(left + side, top + k * cell + 0.5);
  }
  context.stroke();
  context.strokeStyle = faintInk;
  context.strokeRect(left + 0.5, top + 0.5, side, side);
}

interface NamePlaces {
  readonly left: number;
  readonly top: number;
  readonly cell: number;
  readonly text: number;
  readonly every: number;
  readonly names: number;
}

function drawNames(context: SKRSContext2D, classes: readonly string[], places: NamePlaces): void {
  const { left, top, cell, text, every, names } = places;
  setFont(context, text);
  context.fillStyle = ink;
  for (let k = 0; k < classes.length; k += every) {
    const name = fittedText(context, classes[k] as string, names - 10);
    const middle = k * cell + cell / 2 + text * 0.36;
    context.textAlign = "right";
    context.fillText(name, left - 8, top + middle);
    context.save();
    context.translate(left + middle, top - 8);
    context.rotate(-Math.PI / 2);
    context.textAlign = "left";
    context.fillText(name, 0, 0);
    context.restore();
  }
}

function drawAxes(context: SKRSContext2D, left: number, top: number, side: number, names: number): void {
  setFont(context, 20);
  context.fillStyle = faintInk;
  context.textAlign = "center";
  context.fillText("predicted", left + side / 2, top - names - 12);
  context.save();
  context.translate(left - names - 16, top + side / 2);
  context.rotate(-Math.PI / 2);
  context.fillText("true class", 0, 0);
  context.restore();
}

/** Two scales: what the colours stand for. */
function drawKey(context: SKRSContext2D, left: number, top: number, most: number): void {
  const bar = 190;
  const rows = [
    { label: "right", most: 1, colour: (share: number) => rightColour(share) },
    { label: "mistaken", most, colour: (share: number) => mistakeColour(share * most, most) },
  ];
  rows.forEach((row, index) => {
    if (row.most === 0) return;
    const y = top + index * 46;
    setFont(context, 19);
    context.textAlign = "left";
    context.fillStyle = ink;
    context.fillText(row.label, left, y + 17);
    for (let x = 0; x < bar; x++) {
      context.fillStyle = row.colour(x / (bar - 1));
      context.fillRect(left + 104 + x, y, 1, 22);
    }
    context.strokeStyle = faintInk;
    context.strokeRect(left + 104.5, y + 0.5, bar, 22);
    context.fillStyle = ink;
    context.fillText(`${percent(row.most)}%`, left + 104 + bar + 10, y + 17);
  });
  setFont(context, 16);
  context.fillStyle = faintInk;
  context.fillText("share of the true class's images", left, top + 108);
}

function drawList(
  context: SKRSContext2D,
  left: number,
  top: number,
  mistakes: readonly Mistake[],
  classes: readonly string[],
): void {
  context.textAlign = "left";
  context.fillStyle = ink;
  setFont(context, 20, "bold");
  context.fillText(mistakes.length === 0 ? "No mistakes" : "Most often mistaken", left, top + 16);
  setFont(context, 18);
  mistakes.slice(0, LISTED).forEach(({ truth, predicted, share }, index) => {
    const y = top + 50 + index * 30;
    context.textAlign = "right";
    context.fillText(`${percent(share)}%`, left + 52, y);
    context.textAlign = "left";
    const name = `${classes[truth]} as ${classes[predicted]}`;
    context.fillText(fittedText(context, name, LIST - 66), left + 66, y);
  });
}
