/**
 * @file Runs the native engine's suites only to save every plan that they open, into native/build-runner/plans (scripts/check-plans.js): each test file is watched
 * from its setup on, and what it did is written when it is done.
 */
import { defineConfig } from "vitest/config";

const resolve = { conditions: ["cellwright-source", "node", "import", "module", "default"] };

export default defineConfig({
  root: new URL("../..", import.meta.url).pathname,
  resolve,
  ssr: { resolve: { conditions: resolve.conditions, externalConditions: ["node"] } },
  test: {
    include: [
      "test/property/native/**/*.test.ts",
      "test/unit/native/**/*.test.ts",
      "test/contract/engines/native.test.ts",
    ],
    setupFiles: ["test/support/save-plans.setup.ts"],
    testTimeout: 300_000,
  },
});
