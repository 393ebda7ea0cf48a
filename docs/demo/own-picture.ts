/** @file A picture of the visitor's: cut to a square, shrunk to 32 x 32, and what the network takes it for. */
import { bar, find, make, paint, percent } from "./dom.ts";

export interface OwnPicture {
  /** Takes a picture. Throws where the browser can't read it. */
  take(file: File): Promise<void>;
  /** Its bytes `[32, 32, 3]`, once there is one. */
  pixels(): Uint8Array | undefined;
  guess(probabilities: Float32Array, classes: readonly string[]): void;
  /** Says what to do for a guess, if there is a picture. */
  wait(): void;
}

const SIDE = 32;
const GUESSES = 3;

/** Opens it. `changed` is called with each new picture's bytes. */
export function openOwnPicture(changed: (pixels: Uint8Array) => void): OwnPicture {
  const canvas = find("own-picture", HTMLCanvasElement);
  const guesses = find("own-guesses", HTMLOListElement);
  let pixels: Uint8Array | undefined;

  function wait(): void {
    guesses.replaceChildren(
      make(
        "li",
        "quiet",
        pixels === undefined ? "It is shrunk to 32 × 32, and stays here." : "Start the training for a guess.",
      ),
    );
  }
  wait();

  return {
    async take(file) {
      pixels = await shrink(file);
      paint(canvas, pixels);
      canvas.ariaLabel = `Your picture: ${file.name}`;
      wait();
      changed(pixels);
    },
    pixels: () => pixels,
    guess(probabilities, classes) {
      const ranked = classes.map((name, i) => ({ name, share: probabilities[i] ?? 0 }));
      ranked.sort((a, b) => b.share - a.share);
      guesses.replaceChildren(
        ...ranked.slice(0, GUESSES).map(({ name, share }) => {
          const item = make("li", "", `${name} ${percent(share)}`);
          item.append(bar(share));
          return item;
        }),
      );
    },
    wait,
  };
}

/** Halves a picture until it is small, as one big step would drop most of its pixels. */
async function shrink(file: File): Promise<Uint8Array> {
  const bitmap = await createImageBitmap(file);
  let side = Math.min(bitmap.width, bitmap.height);
  let from: ImageBitmap | OffscreenCanvas = bitmap;
  let [left, top, size] = [(bitmap.width - side) / 2, (bitmap.height - side) / 2, side];
  do {
    side = Math.max(SIDE, Math.floor(side / 2));
    const next = new OffscreenCanvas(side, side);
    const context = next.getContext("2d");
    if (context === null) break;
    context.fillStyle = "#fff";
    context.fillRect(0, 0, side, side);
    context.drawImage(from, left, top, size, size, 0, 0, side, side);
    from = next;
    [left, top, size] = [0, 0, side];
  } while (side > SIDE);
  bitmap.close();
  const context = (from as OffscreenCanvas).getContext("2d") as OffscreenCanvasRenderingContext2D;
  const { data } = context.getImageData(0, 0, SIDE, SIDE);
  return Uint8Array.from({ length: SIDE * SIDE * 3 }, (_, i) => data[Math.floor(i / 3) * 4 + (i % 3)] ?? 0);
}
