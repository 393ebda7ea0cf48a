/** @file Says in words that AutoAugment needs colours, before anything is begun. */
import { CellwrightError, expected } from "../../base/errors.ts";

/** Throws `config` where AutoAugment is wanted for images of other than three channels. `place` is the key: `recipe.autoAugment`. */
export function checkColour(
  { autoAugment = false }: { readonly autoAugment?: boolean },
  channels: number,
  place: string,
): void {
  if (!autoAugment || channels === 3) return;
  const images = channels === 1 ? "grey images" : `images of ${channels} channels`;
  throw new CellwrightError("config", expected(place, `no for ${images}: AutoAugment is for colours`, "yes"));
}
