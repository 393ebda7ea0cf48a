/** @file Which vector width is chosen: the cheaper one, as if every width had been planned. */
import { nasnet } from "cellwright/spaces";
import { expect, test } from "vitest";
import { mbconvNetwork } from "../../../bench/engine/mbconv.ts";
import { createRng } from "../../../src/base/rng.ts";
import { planSession } from "../../../src/engines/native/choose-plan.ts";
import { planNetwork } from "../../../src/engines/native/plan/planner.ts";
import type { Network } from "../../../src/network/index.ts";
import { randomNetwork } from "../../support/random-network.ts";

const session = { batchSize: 4, loss: { labelSmoothing: 0, auxiliaryWeight: 0.4 } };
const targets = [16, 8].map((width) => ({ name: "both", width }));

function nasnetA(filters: number): Network {
  return nasnet.decode(nasnet.named["nasnet-a"] ?? {}, { cellsPerStack: 1, filters }).network;
}

function cheaperWidth(network: Network, training: boolean): number {
  const [wide, narrow] = targets.map(({ width }) =>
    planNetwork(network, { ...session.loss, batchSize: 4, vectorWidth: width, training }).ops.reduce(
      (sum, op) => sum + op.flops,
      0,
    ),
  ) as [number, number];
  return 1.15 * narrow < wide ? 8 : 16;
}

test("NASNet-A by its filters: vectors of 8 where those of 16 would be half empty", () => {
  const widths = [8, 12, 16, 24, 32].map((filters) => planSession(nasnetA(filters), targets, session).target.width);
  expect(widths).toEqual([8, 8, 16, 8, 16]);
});

test("any network: the one with fewer operations, in training and in evaluation", () => {
  const networks = [
    ...[8, 16, 20, 24, 32].map(nasnetA),
    ...[0, 1, 2].map(mbconvNetwork),
    ...Array.from({ length: 40 }, (_, i) => randomNetwork(createRng(`width/${i}`), { length: 10, stem: true })),
  ];
  for (const network of networks)
    for (const training of [true, false]) {
      const { target, plans } = planSession(network, targets, { ...session, training });
      expect(target.width, network.name).toBe(cheaperWidth(network, training));
      expect([plans.training, plans.evaluation].map((plan) => plan?.vectorWidth)).toEqual([
        training ? target.width : undefined,
        target.width,
      ]);
    }
});
