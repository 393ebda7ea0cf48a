/** @file A space of whole networks with decisions that depend on others: the guide's third space. */
import { network, type NetworkBuilder, type Tensor } from "cellwright/network";
import { type ChoicesOf, choice, defineSpace, int } from "cellwright/space";

const kernel = choice([3, 5]);
const block = choice({ plain: { kernel }, inverted: { kernel, expansion: choice([2, 4]) }, pooled: {} });
const stage = { block, depth: int(1, 3), filters: int(8, 32, { step: 8 }) };

function add(net: NetworkBuilder, x: Tensor, path: string, { block, filters }: ChoicesOf<typeof stage>): Tensor {
  const norm = (at: string, y: Tensor): Tensor => net.batchNorm(`${path}/${at}/bn`, y);
  const conv = (at: string, y: Tensor, to: number, size: number): Tensor =>
    norm(at, net.conv(`${path}/${at}/conv`, y, { filters: to, kernel: size }));
  if (block.kind === "pooled") return conv("out", net.avgPool(`${path}/pool`, x, { kernel: 3 }), filters, 1);
  if (block.kind === "plain") return net.activate(`${path}/act`, conv("out", x, filters, block.kernel));
  const wide = net.activate(`${path}/in/act`, conv("in", x, x.channels * block.expansion, 1));
  const deep = norm("dw", net.depthwiseConv(`${path}/dw/conv`, wide, { kernel: block.kernel }));
  const narrow = conv("out", net.activate(`${path}/dw/act`, deep), filters, 1);
  return x.channels === filters ? net.add(`${path}/add`, [x, narrow]) : narrow;
}

export default defineSpace({
  name: "macro",
  version: 1,
  skeleton: { input: [32, 32, 3], classes: 10 },
  decisions: { stage0: stage, stage1: stage, stage2: stage },
  decode({ stage0, stage1, stage2 }, skeleton) {
    return {
      network: network("macro", skeleton.input, (net) => {
        let x = net.conv("stem/conv", net.input, { filters: 16, kernel: 3, stride: 2 });
        for (const [s, choices] of [stage0, stage1, stage2].entries()) {
          if (s > 0) x = net.maxPool(`stage${s}/pool`, x, { kernel: 2, stride: 2 });
          for (let i = 0; i < choices.depth; i++) x = add(net, x, `stage${s}/block${i}`, choices);
        }
        return net.dense("head/dense", net.globalAvgPool("head/pool", x), { units: skeleton.classes });
      }),
    };
  },
});
