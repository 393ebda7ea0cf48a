/**
 * @file Test projects: `unit` (from source, fast), `integration` (needs the build: worker processes, the command line, the packed package, the page in a
 * browser), `interop` (exports in runtimes that come from pip; `npm run test:interop` installs them).
 */
import { defineConfig } from "vitest/config";
import { summaryReporter } from "./test/support/summary-reporter.ts";

const resolve = { conditions: ["cellwright-source", "node", "import", "module", "default"] };
const ssr = { resolve: { conditions: resolve.conditions, externalConditions: ["node"] } };

export default defineConfig({
  test: {
    reporters: ["default", summaryReporter()],
    projects: [
      {
        resolve,
        ssr,
        test: {
          name: "unit",
          include: ["test/{unit,property,contract,golden}/**/*.test.ts"],
          testTimeout: 60_000,
        },
      },
      {
        resolve,
        ssr,
        test: {
          name: "integration",
          include: ["test/{integration,interop,browser}/**/*.test.ts"],
          exclude: ["test/interop/pip/**"],
          testTimeout: 600_000,
          hookTimeout: 600_000,
          fileParallelism: false,
        },
      },
      {
        resolve,
        ssr,
        test: {
          name: "interop",
          include: ["test/interop/pip/**/*.test.ts"],
          testTimeout: 600_000,
          hookTimeout: 600_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
