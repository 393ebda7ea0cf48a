/** @file A picture that is no chart of Chart.js: the same ground, title and typeface, and a canvas to draw on below the title. */
import { createCanvas, type SKRSContext2D } from "@napi-rs/canvas";
import { faintInk, fontFamily, groundColour, ink } from "./canvas.ts";

/** Pixels that a title and a subtitle take from the top. */
export const PAGE_HEAD = 96;

export interface Page {
  readonly width: number;
  readonly height: number;
  readonly title: string;
  readonly subtitle?: string | undefined;
}

/** Returns the PNG of a page with its title in the middle of its top; `draw` fills the rest. */
export function pagePng({ width, height, title, subtitle }: Page, draw: (context: SKRSContext2D) => void): Uint8Array {
  const canvas = createCanvas(Math.ceil(width), Math.ceil(height));
  const context = canvas.getContext("2d");
  context.fillStyle = groundColour;
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.textAlign = "center";
  setFont(context, 27, "bold");
  context.fillStyle = ink;
  context.fillText(title, width / 2, 44);
  if (subtitle !== undefined) {
    setFont(context, 20);
    context.fillStyle = faintInk;
    context.fillText(subtitle, width / 2, 76);
  }
  draw(context);
  return new Uint8Array(canvas.toBuffer("image/png"));
}

/** Sets the font of what is drawn next, in pixels. */
export function setFont(context: SKRSContext2D, size: number, weight: "normal" | "bold" = "normal"): void {
  context.font = `${weight} ${size}px '${fontFamily()}'`;
}

/** Returns a text that is no wider than this in the context's font: cut, an ellipsis last. */
export function fittedText(context: SKRSContext2D, text: string, width: number): string {
  if (context.measureText(text).width <= width) return text;
  let length = text.length - 1;
  while (length > 1 && context.measureText(`${text.slice(0, length)}…`).width > width) length--;
  return `${text.slice(0, length)}…`;
}

/** Returns the colour between two colours (each `[red, green, blue]`), `share` of the way from the first to the second. */
export function mixColours(from: readonly number[], to: readonly number[], share: number): string {
  const part = Math.min(1, Math.max(0, share));
  const channels = from.map((value, k) => Math.round(value + ((to[k] as number) - value) * part));
  return `rgb(${channels.join(", ")})`;
}
