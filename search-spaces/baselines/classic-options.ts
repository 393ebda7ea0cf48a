/** @file What every network made by hand takes: an image and classes, by default those of its paper. */

export interface ClassicOptions {
  /** Height, width, channels. */
  readonly input?: readonly [number, number, number];
  readonly classes?: number;
}
