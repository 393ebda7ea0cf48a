/** @file The numbers above the curves. */
import { formatCount, formatDuration } from "../../src/base/units.ts";
import { WINDOW, type Means } from "./curves.ts";
import { find, percent } from "./dom.ts";
import type { Step } from "./trainer.ts";

export interface Readouts {
  /** Shows a step of a training of `totalSteps`. Returns the means of the last steps. */
  add(step: Step, totalSteps: number): Means;
  evaluate(accuracy: number): void;
  clear(): void;
  /** How the last evaluation came out. */
  summary(): string;
}

const NOTHING = "–";

export function openReadouts(): Readouts {
  const loss = find("loss", HTMLElement);
  const accuracy = find("accuracy", HTMLElement);
  const speed = find("speed", HTMLElement);
  const left = find("left", HTMLElement);
  const where = find("where", HTMLElement);
  const progress = find("progress", HTMLProgressElement);
  let recent: Step[] = [];
  let latest: number | undefined;

  return {
    add(step, totalSteps) {
      recent = [...recent, step].slice(-WINDOW);
      const total = (of: (step: Step) => number): number => recent.reduce((sum, each) => sum + of(each), 0);
      const size = total((each) => each.size);
      const ms = total((each) => each.ms);
      const means = {
        loss: total((each) => each.loss) / recent.length,
        accuracy: total((each) => each.correct) / size,
      };
      loss.textContent = means.loss.toFixed(2);
      speed.textContent = formatCount(Math.round((1000 * size) / ms));
      left.textContent = formatDuration((ms / recent.length) * (totalSteps - step.step));
      where.textContent = `Epoch ${step.epoch}, step ${formatCount(step.step)} of ${formatCount(totalSteps)}`;
      progress.value = step.step / totalSteps;
      return means;
    },
    evaluate(share) {
      latest = share;
      accuracy.textContent = percent(share, 1);
    },
    clear() {
      recent = [];
      latest = undefined;
      for (const element of [loss, accuracy, speed, left]) element.textContent = NOTHING;
      where.textContent = "";
      progress.value = 0;
    },
    summary: () => (latest === undefined ? "" : `${percent(latest, 1)} of the held-out pictures are right.`),
  };
}
