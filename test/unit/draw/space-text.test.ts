/** @file A space as a tree: groups, options, conditions, counts, what is said of a decision. */
import { describe, expect, it } from "vitest";
import { formatMany } from "../../../src/base/units.ts";
import { formatWays, spaceTree } from "../../../src/draw/space-text.ts";
import { cells, choice, defineSpace, float, int } from "../../../src/space/index.ts";

const decisions = {
  cell: cells({ blocks: 1, operations: { id: 0, conv: 1 } }),
  activation: choice(["relu", "swish"], { doc: "after every convolution" }),
  attention: choice({ none: {}, squeeze: { ratio: choice([0.25, 0.5]), where: { stage: int(0, 6, { step: 3 }) } } }),
  rate: float(1e-3, 1e-1, { scale: "log", doc: "peak" }),
};
const space = (given: object) =>
  defineSpace({
    name: "s",
    version: 1,
    skeleton: {},
    decisions: given as typeof decisions,
    decode: () => ({ network: 0 }),
  });

describe("the tree of a space", () => {
  it("shows groups, options, what they open, counts and documentation", () => {
    expect(spaceTree(space(decisions).decisions)).toEqual([
      "├─ cell        4 decisions, 16 ways",
      "│  ├─ block0.leftInput       one of 2: 0, 1  input",
      "│  ├─ block0.rightInput      one of 2: 0, 1  input",
      "│  ├─ block0.leftOperation   one of 2: id, conv  operation",
      "│  └─ block0.rightOperation  one of 2: id, conv  operation",
      "├─ activation  one of 2: relu, swish  after every convolution",
      "├─ attention   one of 2: none, squeeze; 7 ways",
      "│  └─ when squeeze",
      "│     ├─ ratio  one of 2: 0.25, 0.5",
      "│     └─ where  1 decision, 3 ways",
      "│        └─ stage  0 to 6 in steps of 3; 3 values",
      "└─ rate        0.001 to 0.1, on a log scale; any number  peak",
    ]);
  });

  it("sets off what is said from what is", () => {
    const [line] = spaceTree(space({ a: choice([1], { doc: "why" }) }).decisions, { dim: (text) => `<${text}>` });
    expect(line).toBe("<└─ >a  one of 1: 1<  why>");
  });

  it("counts for people", () => {
    expect(formatWays(space(decisions).decisions)).toBe("infinitely many");
    expect(
      [15_625n, 9_999_999n, 10n ** 7n, 5_229_943_396_058n, 1_950_000_000n, 9_999_999_999n].map(formatMany),
    ).toEqual(["15,625", "9,999,999", "1.0e7", "5.2e12", "2.0e9", "1.0e10"]);
    expect(formatMany(37n * 10n ** 400n)).toBe("3.7e401");
  });
});

describe("documentation", () => {
  it("is no part of a space's hash; what is decided is", () => {
    const nested = (doc: object) => ({ attention: choice({ a: { b: int(1, 2, doc) } }, doc) });
    expect(space(nested({ doc: "new" })).hash).toBe(space(nested({})).hash);
    expect(space({ attention: choice({ a: { b: int(1, 3) } }) }).hash).not.toBe(space(nested({})).hash);
  });
});
