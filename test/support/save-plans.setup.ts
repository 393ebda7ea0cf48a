/** @file Watches the native binding while a test file runs, then writes what was opened (save-plans.config.ts). */
import path from "node:path";
import { afterAll, expect } from "vitest";
import { loadBinding } from "../../src/engines/native/binding.ts";
import { root } from "./built.ts";
import { watchPlans } from "./save-plans.ts";

/** Programs with words replaced at random do no harm, but may read what was never written: what they give is not the same twice. */
const RANDOM_WORDS = "with any one word replaced";

const saver = watchPlans(loadBinding(), () => {
  const { currentTestName: name = "outside of a test" } = expect.getState();
  return name.includes(RANDOM_WORDS) ? undefined : name;
});

afterAll(() => {
  const { testPath } = expect.getState();
  const name = path.relative(path.join(root, "test"), testPath ?? "unknown").replaceAll(/\W+/gu, "-");
  saver.save(path.join(root, "native/build-runner/plans", name));
  saver.stop();
});
