/** @file Elements of the page, found by id and made. */

/** Returns the element of an id. Throws where the page has none of that kind. */
export function find<T extends Element>(id: string, kind: new () => T): T {
  const element = document.getElementById(id);
  if (!(element instanceof kind)) throw new TypeError(`Expected an element ${id} in the page.`);
  return element;
}

/** Returns a new element with a class and a text, where they are given. */
export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  className = "",
  text = "",
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  if (className !== "") element.className = className;
  if (text !== "") element.textContent = text;
  return element;
}

/** Draws a picture of bytes `[side, side, 3]` on a canvas of that size. */
export function paint(canvas: HTMLCanvasElement, pixels: Uint8Array): void {
  const image = new ImageData(canvas.width, canvas.height);
  for (let from = 0, to = 0; from < pixels.length; from += 3, to += 4) {
    image.data.set(pixels.subarray(from, from + 3), to);
    image.data[to + 3] = 255;
  }
  canvas.getContext("2d")?.putImageData(image, 0, 0);
}

/** Returns a share for people: `41%`. */
export function percent(share: number, digits = 0): string {
  return `${(100 * share).toFixed(digits)}%`;
}

/** Returns a bar that fills a share of its width. */
export function bar(share: number): HTMLElement {
  const outer = make("div", "bar");
  const inner = make("i");
  inner.style.setProperty("--share", share.toFixed(3));
  outer.append(inner);
  return outer;
}

/** Returns the index of the largest value. */
export function largest(values: Float32Array): number {
  return values.indexOf(Math.max(...values));
}
