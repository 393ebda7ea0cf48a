/** @file JSON columns: what is stored comes back, NaN and infinities and the order of keys included. */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { decodeJson, encodeJson } from "../../../src/storage/json.ts";

// JSON has one zero; `$number` is the mark of a number that JSON lacks.
const leaf = fc.oneof(
  fc.double().filter((value) => !Object.is(value, -0)),
  fc.string(),
  fc.boolean(),
  fc.constant(null),
);
const key = fc.string().filter((name) => name !== "$number" && name !== "__proto__");
const { tree } = fc.letrec((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4 },
    leaf,
    fc.array(tie("tree")),
    fc.dictionary(key, tie("tree"), { noNullPrototype: true }),
  ),
}));

test("what is encoded is decoded as it was, with its keys in their order", () => {
  fc.assert(
    fc.property(tree, (value) => {
      const back = decodeJson(encodeJson(value));
      expect(back).toEqual(value);
      expect(encodeJson(back)).toBe(encodeJson(value));
    }),
  );
});

test("a diverged loss stays what it was", () => {
  expect(decodeJson(encodeJson({ a: [Number.NaN, Infinity, -Infinity, 1] }))).toEqual({
    a: [Number.NaN, Infinity, -Infinity, 1],
  });
});
