/**
 * @file JPEG and PNG files to pixels of one size: turned as EXIF says, any colour space and depth to 8-bit RGB or grey, transparency over
 * white. A picture that is not whole is an answer, not an exception: whoever asked knows whether that is an error.
 */
import { messageOf } from "../base/errors.ts";
import { checkPicture } from "./picture-check.ts";
import { centredPart, resample } from "./resample.ts";

/** What pictures are made into. */
export interface PictureTarget {
  readonly height: number;
  readonly width: number;
  /** 3: red, green, blue. 1: grey (ITU-R BT.601's weights). */
  readonly channels: 1 | 3;
  /** `crop` keeps the shape and cuts the longer side, `stretch` keeps everything and bends the shape. */
  readonly resize: "crop" | "stretch";
}

export type DecodedPicture = { readonly pixels: Uint8Array } | { readonly broken: string };

/** Returns `[height, width, channels]`, or what is wrong with the picture. */
export async function decodePicture(bytes: Uint8Array, target: PictureTarget): Promise<DecodedPicture> {
  const frame = checkPicture(bytes);
  if ("broken" in frame) return frame;
  const { createCanvas, loadImage } = await import("@napi-rs/canvas");
  try {
    const image = await loadImage(bytes);
    const { width, height } = image;
    const context = createCanvas(width, height).getContext("2d");
    context.drawImage(image, 0, 0);
    const { data } = context.getImageData(0, 0, width, height);
    // What a decoder could not read stays as it was; a JPEG has no transparency of its own.
    if (frame.kind === "jpeg" && isTransparent(data)) return { broken: "a JPEG that can't be decoded whole" };
    return { pixels: toTarget(data, width, height, target) };
  } catch (error) {
    return { broken: messageOf(error) };
  }
}

function isTransparent(rgba: Uint8ClampedArray): boolean {
  for (let at = 3; at < rgba.length; at += 4) if (rgba[at] !== 255) return true;
  return false;
}

function toTarget(rgba: Uint8ClampedArray, width: number, height: number, target: PictureTarget): Uint8Array {
  const part =
    target.resize === "crop" ? centredPart(width, height, target.width, target.height) : { x: 0, y: 0, width, height };
  const rgb = resample(rgba, width, height, part, target.width, target.height);
  if (target.channels === 3) return new Uint8Array(rgb.buffer);
  const grey = new Uint8ClampedArray(rgb.length / 3);
  for (let k = 0; k < grey.length; k++)
    grey[k] = 0.299 * (rgb[3 * k] as number) + 0.587 * (rgb[3 * k + 1] as number) + 0.114 * (rgb[3 * k + 2] as number);
  return new Uint8Array(grey.buffer);
}
