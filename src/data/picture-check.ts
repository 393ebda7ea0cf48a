/**
 * @file Whether the bytes of a JPEG or PNG are whole, before they are decoded: decoders paint what is there of a picture that is cut off, say
 * nothing, and may crash on one that ends in its head. Only the frame is walked (markers, chunks and their checksums), no pixel is decoded.
 */
import { crc32 } from "node:zlib";
import { checkJpeg } from "./jpeg-check.ts";

/** What the frame of a picture says. */
export type PictureFrame =
  | { readonly kind: "jpeg" | "png"; readonly width: number; readonly height: number }
  | { readonly broken: string };

/** More pixels than this are refused: a few bytes may claim to be a picture that no memory holds. */
const MOST_PIXELS = 100_000_000;

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

/** Returns kind and size of a whole picture, as stored (EXIF may turn it), or what is wrong with it. */
export function checkPicture(bytes: Uint8Array): PictureFrame {
  const jpeg = bytes[0] === 0xff && bytes[1] === 0xd8 ? checkJpeg(bytes) : undefined;
  if (jpeg !== undefined && "broken" in jpeg) return jpeg;
  const frame: PictureFrame =
    jpeg !== undefined
      ? { kind: "jpeg", ...jpeg }
      : SIGNATURE.every((byte, k) => bytes[k] === byte)
        ? checkPng(bytes)
        : { broken: bytes.length === 0 ? "an empty file" : "neither a JPEG nor a PNG" };
  if ("broken" in frame) return frame;
  if (frame.width * frame.height > MOST_PIXELS)
    return { broken: `${frame.width} x ${frame.height} pixels, over ${MOST_PIXELS / 1e6} million` };
  return frame;
}

/** PNG, section 5: chunks of length, type, data and CRC, from IHDR to IEND. */
function checkPng(bytes: Uint8Array): PictureFrame {
  const cutOff = { broken: "a PNG that is cut off" };
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let size: { width: number; height: number } | undefined;
  let hasData = false;
  for (let at = SIGNATURE.length; ;) {
    if (at + 12 > bytes.length) return cutOff;
    const length = view.getUint32(at);
    const end = at + 8 + length;
    if (end + 4 > bytes.length) return cutOff;
    if (crc32(bytes.subarray(at + 4, end)) !== view.getUint32(end))
      return { broken: `a PNG with a wrong checksum at byte ${at}` };
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    if (size === undefined) {
      if (type !== "IHDR" || length !== 13) return { broken: "a PNG without a header" };
      size = { width: view.getUint32(at + 8), height: view.getUint32(at + 12) };
      if (size.width === 0 || size.height === 0) return { broken: "a PNG without a size" };
    }
    if (type === "IDAT") hasData = true;
    if (type === "IEND") return hasData ? { kind: "png", ...size } : { broken: "a PNG without an image" };
    at = end + 4;
  }
}
