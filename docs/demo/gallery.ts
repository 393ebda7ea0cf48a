/** @file Held-out pictures with what the network says about them, and how surely. */
import { bar, find, largest, make, paint, percent } from "./dom.ts";
import type { PicturesRead } from "./messages.ts";

export interface Gallery {
  show(pictures: PicturesRead): void;
  /** `probabilities` are those of all held-out pictures. */
  guess(probabilities: Float32Array): void;
  clear(): void;
}

const SIDE = 32;

export function openGallery(): Gallery {
  const list = find("gallery", HTMLUListElement);
  let shown: PicturesRead | undefined;
  let rows: { readonly item: HTMLElement; readonly canvas: HTMLElement; readonly answer: HTMLElement }[] = [];

  function clear(): void {
    for (const { item, canvas, answer } of rows) {
      item.className = "";
      item.title = "";
      answer.replaceChildren(make("p", "guess", "–"), bar(0));
      canvas.ariaLabel = item.dataset["truth"] ?? "";
    }
  }

  return {
    show(pictures) {
      shown = pictures;
      const { examples, classes } = pictures;
      rows = Array.from(examples.labels, (label, i) => {
        const truth = classes[label] ?? "";
        const item = make("li");
        const canvas = make("canvas");
        canvas.width = SIDE;
        canvas.height = SIDE;
        canvas.role = "img";
        paint(canvas, examples.pixels.subarray(i * SIDE * SIDE * 3, (i + 1) * SIDE * SIDE * 3));
        const answer = make("div");
        item.dataset["truth"] = truth;
        item.append(canvas, answer, make("p", "truth", truth));
        return { item, canvas, answer };
      });
      list.replaceChildren(...rows.map(({ item }) => item));
      clear();
    },
    guess(probabilities) {
      if (shown === undefined) return;
      const { examples, classes } = shown;
      rows.forEach(({ item, canvas, answer }, i) => {
        const at = (examples.indices[i] ?? 0) * classes.length;
        const row = probabilities.subarray(at, at + classes.length);
        const guess = largest(row);
        const isRight = guess === examples.labels[i];
        const name = classes[guess] ?? "";
        const share = row[guess] ?? 0;
        item.className = isRight ? "is-right" : "is-wrong";
        item.title = `${percent(share)} sure`;
        answer.replaceChildren(make("p", "guess", name), bar(share));
        canvas.ariaLabel = `${item.dataset["truth"]}, taken for ${name}, ${percent(share)} sure`;
      });
    },
    clear,
  };
}
