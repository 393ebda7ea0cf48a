/** @file `cellwright scale` as a user meets it, on what needs no study. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { costOf, validateNetwork } from "cellwright/network";
import { namedCandidate, namedNetworks } from "cellwright/spaces";
import { runCli } from "../../../src/cli/program.ts";
import golden from "../../golden/counts.json" with { type: "json" };
import { memoryIo } from "./fixtures.ts";

const dir = mkdtempSync(join(tmpdir(), "cellwright-scale-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

async function scale(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const io = memoryIo();
  const code = await runCli(["scale", ...args, "--results", dir], io);
  return { code, out: io.out.text(), err: io.err.text() };
}

interface Row {
  readonly label: string;
  readonly phi: number;
  readonly params: number;
  readonly macs: number;
  readonly memoryBytes: number;
  readonly latencyMs?: number;
  readonly largestThatFits: boolean;
  readonly skeleton: Record<string, unknown>;
  readonly notes: readonly string[];
}

async function rows(...args: string[]): Promise<readonly Row[]> {
  const { code, out, err } = await scale(...args, "--json");
  expect(err).toBe("");
  expect(code).toBe(0);
  return JSON.parse(out) as Row[];
}

describe("efficientnet's own table", () => {
  it("has the counts of the released models, with their resolutions and dropout rates", async () => {
    const table = (await rows("efficientnet-b0", "--phi", "official")) as unknown as (Row & {
      resolution: number;
      dropout: number;
      width: number;
      depth: number;
    })[];
    expect(table.map(({ label }) => label)).toEqual(["B0", "B1", "B2", "B3", "B4", "B5", "B6", "B7"]);
    expect(table.map(({ resolution }) => resolution)).toEqual([224, 240, 260, 300, 380, 456, 528, 600]);
    expect(table.map(({ dropout }) => dropout)).toEqual([0.2, 0.2, 0.3, 0.3, 0.4, 0.4, 0.5, 0.5]);
    expect(table.map(({ width, depth }) => `${width}/${depth}`)).toEqual([
      "1/1",
      "1/1.1",
      "1.1/1.2",
      "1.2/1.4",
      "1.4/1.8",
      "1.6/2.2",
      "1.8/2.6",
      "2/3.1",
    ]);
    const known = golden.networks.filter(({ id }) => /^efficientnet-b\d$/.test(id));
    expect(known.length).toBeGreaterThanOrEqual(5);
    for (const { id, params, macs } of known) expect(table[Number(id.at(-1))], id).toMatchObject({ params, macs });
    expect(table[1]?.notes).toContain("layers 1.1 2.2 2.2 3.3 3.3 4.4 1.1 rounded to 2 3 3 4 4 5 2");
  });

  it("is no other network's, and takes no budget", async () => {
    expect(await scale("nasnet-a", "--phi", "official")).toMatchObject({
      code: 2,
      err: '--phi official  Expected efficientnet-b0, whose B0 to B7 were released. Received: "nasnet-a".\n',
    });
    expect((await scale("efficientnet-b0", "--phi", "official", "--max-macs", "1G")).err).toMatch(/^--max-macs/);
  });
});

describe("a budget", () => {
  it("is met by the largest that fits, with the network written", async () => {
    const file = join(dir, "large.json");
    const table = await rows("nasnet-a", "--max-params", "1M", "--max-macs", "300M", "--out", file);
    const last = table.at(-1);
    expect(last?.largestThatFits).toBe(true);
    expect(last?.params).toBeLessThanOrEqual(1e6);
    expect(last?.macs).toBeLessThanOrEqual(300e6);
    const written = validateNetwork(JSON.parse(readFileSync(file, "utf8")));
    expect(costOf(written)).toMatchObject({ params: last?.params, macs: last?.macs });
  });

  it("of memory is met at the batch that is asked for", async () => {
    const at = async (batch: string): Promise<Row | undefined> =>
      (await rows("macro-chain@1", "--max-memory", "256Mi", "--batch-size", batch)).at(-1);
    const [small, large] = [await at("8"), await at("64")];
    for (const row of [small, large]) expect(row?.memoryBytes).toBeLessThanOrEqual(2 ** 28);
    expect(small?.phi).toBeGreaterThan(large?.phi ?? Infinity);
  });

  it("of time is met by what was measured", async () => {
    // A second is enough for phi 0 on any machine; how far beyond it goes is the machine's, that the figure shown keeps the limit is not.
    const table = await rows("macro-chain@1", "--max-latency-ms", "1000", "--max-macs", "100M");
    const last = table.at(-1);
    expect(last?.largestThatFits).toBe(true);
    expect(last?.latencyMs).toBeGreaterThan(0);
    expect(last?.latencyMs).toBeLessThanOrEqual(1000);
    const never = await scale("macro-chain@1", "--max-latency-ms", "1e-6");
    expect(never).toMatchObject({ code: 2, out: "" });
    expect(never.err).toMatch(/^--max-latency-ms {2}Expected .* ms or more, which phi 0 took/);
  });

  it("that nothing keeps says what the least takes", async () => {
    expect((await scale("nasnet-a", "--max-macs", "1M")).err).toMatch(/^--max-macs {2}Expected 65,761,024 or more/);
    expect((await scale("nasnet-a", "--max-memory", "1Mi")).err).toMatch(/^--max-memory {2}Expected .* MiB or more/);
  });
});

describe("a target", () => {
  it("has its own image, channels and classes", async () => {
    const [, row] = await rows("nasnet-a", "--phi", "2", "--input", "64", "--channels", "1", "--classes", "37");
    expect(row?.skeleton).toMatchObject({ input: [64, 64, 1], classes: 37 });
    const [searched, grown] = await rows("nasnet-a", "--phi", "2", "--channels", "1");
    // Resolution goes on growing, and what was searched stays as it was.
    expect(grown?.skeleton["input"]).toEqual([44, 44, 1]);
    expect(searched?.skeleton["input"]).toEqual([32, 32, 3]);
  });
});

describe("what can be scaled", () => {
  it("is anything with a space: a published genotype, a space's sample, a network made from one", async () => {
    for (const target of ["darts@darts-v2", "best-cifar10", "modules@3"]) {
      const table = await rows(target, "--phi", "0,1");
      expect(table[2]?.params, target).toBeGreaterThan(table[1]?.params ?? Infinity);
    }
  });

  it("begins at the size that a name means", async () => {
    for (const name of ["nasnet-a-mobile", "efficientnet-b3", "mobilenet-v2", "resnet-50"]) {
      const candidate = namedCandidate(name);
      const decoded = candidate?.space.decode(candidate.genotype, candidate.skeleton).network;
      const [built, own] = [costOf((namedNetworks[name] as () => never)()), costOf(decoded as never)];
      expect([own.params, own.macs], name).toEqual([built.params, built.macs]);
    }
  });

  it("is no network by hand: the error says what is", async () => {
    const { code, err } = await scale("resnet-20-cifar");
    expect(code).toBe(2);
    expect(err).toMatch(/^resnet-20-cifar {2}Expected an architecture that has a space.*nasnet-a.*efficientnet-b0/);
  });

  it("says along which axis a space does not grow", async () => {
    expect((await scale("macro-chain", "--phi", "1")).out).toContain("macro-chain does not grow in depth");
  });
});

describe("coefficients", () => {
  it("are EfficientNet's, or those given, and the headline says which", async () => {
    expect((await scale("nasnet-a", "--phi", "1")).out).toContain("alpha, beta, gamma 1.2, 1.1, 1.15 (EfficientNet's)");
    expect((await scale("nasnet-a", "--phi", "1", "--alpha", "1.4")).out).toContain("1.4, 1.1, 1.15 (as given)");
  });

  it("are not both given and found", async () => {
    expect((await scale("nasnet-a", "--coefficients", "other", "--beta", "2")).err).toMatch(
      /^--coefficients {2}Expected/,
    );
    expect((await scale("nasnet-a", "--coefficients", "other")).err).toMatch(/^other {2}Expected the name of a study/);
  });
});
