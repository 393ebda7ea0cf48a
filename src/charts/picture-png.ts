/** @file A picture of `src/draw` painted as PNG, in the typeface of the charts. */
import { createCanvas, Path2D, type SKRSContext2D } from "@napi-rs/canvas";
import { unreachable } from "../base/errors.ts";
import { ground, type Picture, type Shape } from "../draw/index.ts";
import { fontFamily } from "./canvas.ts";

/** Pixels of the image for each of the picture, so that it is sharp on a dense screen. */
const SCALE = 2;
/** Images beyond this side are painted smaller: canvases and viewers end somewhere. */
const MAX_SIDE = 12_000;

/** Returns the PNG of a picture: the same shapes as its SVG. */
export function picturePng({ width, height, shapes }: Picture): Uint8Array {
  const scale = Math.min(SCALE, MAX_SIDE / Math.max(width, height));
  const canvas = createCanvas(Math.ceil(width * scale), Math.ceil(height * scale));
  const context = canvas.getContext("2d");
  context.scale(scale, scale);
  context.fillStyle = ground;
  context.fillRect(0, 0, width, height);
  for (const shape of shapes) draw(context, shape);
  return new Uint8Array(canvas.toBuffer("image/png"));
}

function draw(context: SKRSContext2D, shape: Shape): void {
  switch (shape.kind) {
    case "group":
      context.save();
      context.translate(shape.x, shape.y);
      for (const each of shape.shapes) draw(context, each);
      context.restore();
      return;
    case "text": {
      const { x, y, text, size, anchor, fill, bold, italic } = shape;
      context.font = `${italic === true ? "italic " : ""}${bold === true ? "bold " : ""}${size * FACE}px '${fontFamily()}'`;
      context.textAlign = anchor === "middle" ? "center" : anchor;
      context.fillStyle = fill;
      context.fillText(text, x, y);
      return;
    }
    case "rect": {
      const { x, y, wide, high, radius } = shape;
      const path = new Path2D();
      path.roundRect(x - wide / 2, y - high / 2, wide, high, radius);
      paint(context, path, shape);
      return;
    }
    case "circle": {
      const path = new Path2D();
      path.arc(shape.x, shape.y, shape.radius, 0, 2 * Math.PI);
      paint(context, path, shape);
      return;
    }
    case "path":
      paint(context, new Path2D(shape.d), shape);
      return;
    default:
      unreachable(shape);
  }
}

/** B612 is wider than the faces that pictures are laid out for. */
const FACE = 0.92;

function paint(
  context: SKRSContext2D,
  path: Path2D,
  {
    fill,
    stroke,
    width = 1,
    dash = [],
  }: { readonly fill: string; readonly stroke?: string; readonly width?: number; readonly dash?: readonly number[] },
): void {
  if (fill !== "none") {
    context.fillStyle = fill;
    context.fill(path);
  }
  if (stroke === undefined) return;
  context.strokeStyle = stroke;
  context.lineWidth = width;
  context.setLineDash([...dash]);
  context.stroke(path);
}
