/** @file The form of settings. */
import { find } from "./dom.ts";
import type { Settings } from "./trainer.ts";

export interface SettingsForm {
  /** Returns what is set, or undefined after the browser has said what is wrong. */
  read(): Settings | undefined;
  /** Sets how many pictures there are to learn from. */
  limit(pictures: number): void;
  enable(isEnabled: boolean): void;
}

export function openSettings(): SettingsForm {
  const form = find("settings", HTMLFormElement);
  const fields = [...form.querySelectorAll<HTMLInputElement | HTMLSelectElement>("input, select")];
  const field = (name: keyof Settings): HTMLInputElement | HTMLSelectElement => {
    const found = fields.find((each) => each.name === name);
    if (found === undefined) throw new TypeError(`Expected a field ${name} in the form.`);
    return found;
  };
  const number = (name: keyof Settings): number => Number(field(name).value);
  form.addEventListener("submit", (event) => event.preventDefault());
  return {
    read() {
      if (!form.reportValidity()) return undefined;
      return {
        pictures: number("pictures"),
        epochs: number("epochs"),
        batchSize: number("batchSize"),
        seed: number("seed"),
      };
    },
    limit(pictures) {
      const input = field("pictures") as HTMLInputElement;
      const wasAll = input.value === input.max;
      input.max = String(pictures);
      if (wasAll || Number(input.value) > pictures) input.value = input.max;
    },
    enable(isEnabled) {
      for (const each of fields) each.disabled = !isEnabled;
    },
  };
}
