/** @file `cellwright space` as a user runs it, on a file in a folder of its own, and a study whose constraints refuse. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { builtPath } from "../../support/built.ts";

const dir = mkdtempSync(join(tmpdir(), "cellwright-space-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

function cli(...args: string[]): { readonly code: number | null; readonly out: string; readonly err: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [builtPath("src/cli/main.js"), ...args], {
    cwd: dir,
    encoding: "utf8",
    env: { ...process.env, NO_COLOR: "1", CELLWRIGHT_DATA: dir },
  });
  return { code: status, out: stdout, err: stderr };
}

const spaceFile = (broken: string): string => `
import { network } from "cellwright/network";
import { choice, defineSpace, int } from "cellwright/space";

export default defineSpace({
  name: "chain",
  version: 1,
  skeleton: { input: [8, 8, 3], classes: 10 },
  decisions: { depth: int(1, 4), filters: int(8, 32, { step: 8 }), activation: choice(["relu", "swish"]) },
  decode({ depth, filters, activation }, skeleton) {
    ${broken}
    return {
      network: network("chain", skeleton.input, (net) => {
        let x = net.input;
        for (let layer = 0; layer < depth; layer++)
          x = net.activate(\`layer\${layer}/act\`, net.conv(\`layer\${layer}/conv\`, x, { filters, kernel: 3 }), activation);
        return net.dense("logits", net.globalAvgPool("pool", x), { units: skeleton.classes });
      }),
    };
  },
});
`;

describe("a space of one's own", () => {
  it("is checked: 0 where nothing is wrong, else 2, what is wrong and the first sample that shows it", () => {
    writeFileSync(join(dir, "chain.ts"), spaceFile(""));
    const good = cli("space", "check", "chain.ts", "-n", "40");
    expect([good.code, good.err]).toEqual([0, ""]);
    expect(good.out).toContain("40 of 40 decode");
    expect(good.out.trimEnd().split("\n").at(-1)).toBe("Nothing wrong.");
    writeFileSync(join(dir, "broken.ts"), spaceFile("if (depth === 3) filters += 0.5;"));
    const bad = cli("space", "check", "broken.ts", "-n", "40");
    expect(bad.code).toBe(2);
    expect(bad.out).toMatch(/\d+ of 40 samples fail to decode\nOnly they took depth=3\.\n/);
    expect(bad.out).toMatch(/\nsample \d+: chain: layer0\/conv \(conv\), filters {2}Expected .*\n {2}depth {7}3\n/);
    expect(cli("space", "size", "chain.ts").out).toMatch(/^chain {2}32\n/);
  });
});

describe("a study with constraints", () => {
  it("counts what they refuse, and ends with 2 naming the one that refuses all", () => {
    writeFileSync(
      join(dir, "tight.config.ts"),
      `
import { defineStudy } from "cellwright";
import { random } from "cellwright/controllers";
import { functional } from "cellwright/evaluators";
import space from "./chain.ts";

export default defineStudy({
  space,
  controller: random(),
  evaluator: functional("toy", async ({ network }) => 1 / network.nodes.length, { measures: ["accuracy"] }),
  constraints: { maxParams: 10_000, maxLatencyMs: 10_000, accept: ({ genotype }) => genotype.depth !== 2 },
  budget: { trials: 6 },
  workers: 1,
});
`,
    );
    const { code, err } = cli("search", "tight.config.ts");
    expect([code, err]).toEqual([0, ""]);
    const { refused, trials } = JSON.parse(cli("status", "tight", "--json").out) as {
      refused: { refused: number; by: Record<string, number> };
      trials: { failed: number };
    };
    expect(trials.failed).toBe(0);
    expect(refused.refused).toBeGreaterThan(0);
    expect(cli("status", "tight").out).toMatch(/refused {4}\d+ by the constraints \((maxParams|accept) refuses \d+/);
    const none = cli("search", "tight.config.ts", "--name", "none", "--max-memory", "1");
    expect(none.code).toBe(2);
    expect(none.err).toMatch(
      /Expected at least 1 in 1,000 samples to meet them\. Received: none of 3,000 \(maxParams refuses [\d,]+, maxMemory refuses 3,000, accept refuses [\d,]+\)/,
    );
  });
});
