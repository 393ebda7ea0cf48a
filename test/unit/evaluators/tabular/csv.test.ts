/** @file Tables as text: what is read, and how every fault is named by its line. */
import { describe, expect, test } from "vitest";
import { parseCsv } from "../../../../src/evaluators/tabular/csv.ts";
import { tableOf } from "../../../../src/evaluators/tabular/table.ts";

describe("parseCsv", () => {
  test("fields plain and quoted, lines of either ending, empty lines left out", () => {
    const csv = parseCsv("t.csv", '\uFEFFkey,a, b \r\n"x,""1""",1,2\r\n\r\n"two\nlines",3,\ny,4,5');
    expect(csv.header).toEqual(["key", "a", "b"]);
    expect(csv.records).toEqual([
      { line: 2, fields: ['x,"1"', "1", "2"] },
      { line: 4, fields: ["two\nlines", "3", ""] },
      { line: 6, fields: ["y", "4", "5"] },
    ]);
  });

  test.each([
    ["a,b\n1,2\n3\n", "t.csv:3  Expected 2 fields, one per column of the header. Received: 1."],
    ["a,b\n1,2,3\n", "t.csv:2  Expected 2 fields, one per column of the header. Received: 3."],
    ["a,a\n", 't.csv:1, column 2  Expected a name that no other column has. Received: "a".'],
    ["a,\n", 't.csv:1, column 2  Expected a name that no other column has. Received: "".'],
    ['a,b\n1,x"y\n', 't.csv:2  Expected fields without quotes, or quoted as a whole. Received: "x\\"y".'],
    ["", 't.csv  Expected a header row and rows of values. Received: "".'],
  ])("names the line: %j", (text, message) => {
    expect(() => parseCsv("t.csv", text)).toThrow(message);
  });
});

describe("tableOf", () => {
  const columns = { key: "arch", values: ["acc"] };
  const table = (text: string) => tableOf(parseCsv("t.csv", text), columns);

  test("rows are found by key", () => {
    const read = table("arch,other,acc\na,text,0.5\n\nb,,1e-1\n");
    expect(read.rowOf.get("b")).toBe(1);
    expect([...(read.columns.get("acc") ?? [])]).toEqual([0.5, 0.1]);
    expect(read.lines).toEqual([2, 4]);
  });

  test.each([
    ["arch,acc\na,0.5\na,0.6\n", 't.csv:3, arch  Expected a key that is not on line 2 already. Received: "a".'],
    ["arch,acc\na,0.5\nb,high\n", 't.csv:3, acc  Expected a finite number. Received: "high".'],
    ["arch,acc\na,\n", 't.csv:2, acc  Expected a finite number. Received: "".'],
    ["arch,acc\na,NaN\n", 't.csv:2, acc  Expected a finite number. Received: "NaN".'],
    ["arch,acc\n,0.5\n", 't.csv:2, arch  Expected a text. Received: "".'],
    ["arch,score\na,1\n", 't.csv:1  Expected a column named acc. Received: "arch, score".'],
    ["arch,acc\n", "t.csv  Expected one row or more below the header. Received: 0."],
  ])("names the line: %j", (text, message) => {
    expect(() => table(text)).toThrow(message);
  });
});
