/** @file The timm export in a real timm: weights loaded strictly, the same number of parameters, the same logits. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { efficientnet, mbconv, mnasnet, namedNetwork } from "../../../search-spaces/index.ts";
import { createRng, type Rng } from "../../../src/base/rng.ts";
import { CellwrightError } from "../../../src/base/errors.ts";
import { agrees } from "../../../src/cli/export/check.ts";
import { torchvisionPrelude } from "../../../src/cli/export/check-timm.ts";
import { checkers } from "../../../src/cli/export/checkers.ts";
import { openEngine } from "../../../src/engines/index.ts";
import { encodeSafetensors, exportTimm, timmArchitecture } from "../../../src/export/index.ts";
import { costOf, inferShapes, type Network, type Shape } from "../../../src/network/index.ts";
import { writeIntoFolder } from "../../../src/storage/whole-files.ts";
import { randomWeights } from "../../support/random-network.ts";
import { requireModules, runPython } from "../../support/python.ts";
import { logitsOf } from "../../support/logits.ts";

const timm = requireModules(["torch", "timm", "safetensors"], torchvisionPrelude);
const IMAGES = 2;
const root = mkdtempSync(join(tmpdir(), "cellwright-timm-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

interface Answer {
  readonly difference: number;
  readonly shape: readonly number[];
  readonly params: number;
}

/** The same network on smaller images. */
function onImages(id: string, input: Shape): Network {
  const found = namedNetwork(id);
  if (found === undefined) throw new Error(`no network ${id}`);
  return {
    ...found,
    name: id,
    nodes: found.nodes.map((node) => (node.op === "input" ? { ...node, attributes: { shape: input } } : node)),
  };
}

/** Of each space; more by $CELLWRIGHT_SAMPLES, up to 20. */
const each = Math.min(20, Math.max(1, Math.floor(Number(process.env["CELLWRIGHT_SAMPLES"] ?? 2))));

/** Samples that timm can express: one in some hundred has a pooled shortcut or another resolution. */
function samples(): readonly Network[] {
  const small = { input: [33, 32, 3], classes: 7, width: 0.25 } as const;
  const drawn: readonly (readonly [string, (rng: Rng) => Network])[] = [
    ["mnasnet", (rng) => mnasnet.decode(mnasnet.sample(rng), small).network],
    ["mbconv", (rng) => mbconv.decode(mbconv.sample(rng), small).network],
    ["efficientnet", (rng) => efficientnet.decode(efficientnet.sample(rng), small).network],
  ];
  return drawn.flatMap(([name, draw]) => {
    const found: Network[] = [];
    for (let i = 0; found.length < each && i < 400; i++) {
      const network = draw(createRng(`timm/${i}`));
      try {
        timmArchitecture(network);
        found.push({ ...network, name: `${name} ${i}` });
      } catch (error) {
        if (!(error instanceof CellwrightError) || error.code !== "unsupported-op") throw error;
      }
    }
    return found;
  });
}

describe.skipIf(timm.skip)(timm.title("networks exported to timm"), () => {
  const networks: readonly Network[] = timm.skip
    ? []
    : [
        ...["mobilenet-v1@0.25", "mobilenet-v2@0.5", "mobilenet-v3-large@0.75", "mobilenet-v3-small@0.75"].map((id) =>
          onImages(id, [33, 32, 3]),
        ),
        ...["mnasnet-a1", "mnasnet-b1", "mnasnet-small", "efficientnet-b0"].map((id) => onImages(id, [32, 32, 3])),
        ...samples(),
      ];
  const answers = new Map<string, Answer & { readonly largest: number }>();

  beforeAll(async () => {
    const engine = await openEngine("auto");
    const folders: string[] = [];
    const sizes: number[] = [];
    for (const [index, network] of networks.entries()) {
      const rng = createRng(`timm/${network.name}`);
      const weights = randomWeights(network, rng.fork("weights"));
      const shape = inferShapes(network).get("input") ?? [];
      const images = Float32Array.from({ length: IMAGES * shape.reduce((a, b) => a * b, 1) }, () => rng.normal());
      const logits = await logitsOf(engine, network, weights, images, IMAGES);
      const given = encodeSafetensors(
        new Map([
          ["images", { shape: [IMAGES, ...shape], data: images }],
          ["logits", { shape: [IMAGES, logits.length / IMAGES], data: logits }],
        ]),
      );
      const dir = join(root, String(index));
      await writeIntoFolder(dir, new Map([...exportTimm(network, weights), ["given.safetensors", given]]));
      folders.push(dir);
      sizes.push(logits.reduce((most, value) => Math.max(most, Math.abs(value)), 0));
    }
    const input = { folders, prelude: torchvisionPrelude };
    const result = runPython(timm.python, "test/interop/pip/check_timm.py", input) as Answer[];
    for (const [index, network] of networks.entries())
      answers.set(network.name, { ...(result[index] as Answer), largest: sizes[index] ?? 0 });
  });

  it("has samples of every space", () => {
    expect(networks.length).toBe(8 + 3 * each);
  });

  it.each(networks)("$name: the same parameters and logits", (network) => {
    const answer = answers.get(network.name) as Answer & { readonly largest: number };
    expect(answer.params).toBe(costOf(network).params);
    expect(answer.largest).toBeGreaterThan(0.01);
    // Float32 sums in another order.
    expect(answer.difference / answer.largest).toBeLessThan(1e-4);
  });

  it("is proven by the command line's own check, which fails with other weights", async () => {
    const network = onImages("mnasnet-small", [32, 32, 3]);
    const weights = randomWeights(network, createRng(1));
    const dir = join(root, "proof");
    await writeIntoFolder(dir, exportTimm(network, weights));
    const subject = { dir, network, weights, env: { CELLWRIGHT_PYTHON: timm.python } };
    const check = await checkers.timm(subject);
    expect(check, JSON.stringify(check)).toMatchObject({ checked: true, params: costOf(network).params });
    expect(agrees(check)).toBe(true);
    expect(agrees(await checkers.timm({ ...subject, weights: randomWeights(network, createRng(2)) }))).toBe(false);
  });
});
