/**
 * @file The network in which DARTS searches (Liu, Simonyan and Yang 2019, arXiv 1806.09055, section 2.2; quark0/darts, cnn/model_search.py): every operation on
 * each of a cell's fourteen edges at once. The search weighs them by a softmax of architecture parameters; here they are summed, as they are
 * to begin with but for a factor. `none` adds nothing and is left out. What is exact is the size: what the search has to hold and to compute.
 */
import { network, type Network, type NetworkBuilder, type Tensor } from "cellwright/network";
import { applyDarts, cellInputs, dartsOperations } from "../darts.ts";

/** Height, width, channels; classes; L cells; C filters. The paper's search has the default. */
export interface DartsSupernetOptions {
  readonly input?: readonly [number, number, number];
  readonly classes?: number;
  readonly cells?: number;
  readonly filters?: number;
}

const NODES = 4;

/** All operations on one edge. Pools get a batch norm, so that all results are of one scale. */
function addEdge(net: NetworkBuilder, x: Tensor, path: string, stride: 1 | 2): Tensor {
  const results = dartsOperations.map((operation) => {
    const at = `${path}/${operation}`;
    const result = applyDarts(net, x, at, operation, stride);
    return operation.endsWith("pool_3x3") ? net.batchNorm(`${at}/bn`, result) : result;
  });
  return net.add(`${path}/add`, results);
}

/** Returns the supernet: 1,930,618 weights by default. Its batch norms, the stem's apart, have neither gamma nor beta to train, as released. */
export function dartsSupernet(options: DartsSupernetOptions = {}): Network {
  const { input = [32, 32, 3], classes = 10, cells = 8, filters = 16 } = options;
  const reductions = [Math.floor(cells / 3), Math.floor((2 * cells) / 3)];
  return network(
    "darts-supernet",
    input,
    (net) => {
      const stem = net.conv("stem/conv", net.input, { filters: 3 * filters, kernel: 3 });
      let before = net.batchNorm("stem/bn", stem, { affine: true });
      let last = before;
      let width = filters;
      for (let i = 0; i < cells; i++) {
        const path = `cell${i}`;
        const reduces = reductions.includes(i);
        if (reduces) width *= 2;
        const states: Tensor[] = cellInputs(net, before, last, { path, filters: width });
        for (let node = 0; node < NODES; node++) {
          const edges = states.map((state, from) =>
            addEdge(net, state, `${path}/node${node}/from${from}`, reduces && from < 2 ? 2 : 1),
          );
          states.push(net.add(`${path}/node${node}/add`, edges));
        }
        [before, last] = [last, net.concat(`${path}/concat`, states.slice(2))];
      }
      return net.dense("head/dense", net.globalAvgPool("head/pool", last), { units: classes });
    },
    { batchNorm: { epsilon: 1e-5, momentum: 0.9, affine: false } },
  );
}
