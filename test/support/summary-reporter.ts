/** @file Prints the closing line that counts the tests: `tests: 812 passed, 0 failed, 3 skipped`, and names what was skipped. */
import type { TestModule } from "vitest/node";
import type { Reporter } from "vitest/reporters";

/** Returns the reporter. */
export function summaryReporter(): Reporter {
  return {
    onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]) {
      const counts = { passed: 0, failed: 0, skipped: 0 };
      const skipped: string[] = [];
      for (const module of modules) {
        let own = 0;
        for (const test of module.children.allTests()) {
          const { state } = test.result();
          own++;
          if (state === "pending") continue;
          counts[state]++;
          if (state === "skipped") skipped.push(`${module.relativeModuleId} > ${test.fullName}`);
        }
        // A module that could not be loaded has no tests, and is a failure all the same.
        if (own === 0 && module.state() === "failed") counts.failed++;
      }
      counts.failed += unhandledErrors.length;
      if (skipped.length > 0) console.log(`\nskipped:\n${skipped.map((name) => `  ${name}`).join("\n")}`);
      console.log(`\ntests: ${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
    },
  };
}
