/**
 * @file Where the parts of a cell stand. A layered drawing (Sugiyama, Tagawa and Toda 1981), from the inputs at the bottom to the concat at the
 * top: each block one layer above the later of its inputs; an edge that passes a layer has a lane of its own there, so that it crosses no box.
 */
import type { CellBlock, CellStructure } from "./cell-structure.ts";
import type { Point } from "./picture.ts";

export interface CellLayout {
  readonly width: number;
  readonly height: number;
  /** Centres of the input boxes, by state. */
  readonly inputs: readonly Point[];
  readonly blocks: readonly { readonly steps: readonly Point[]; readonly combiner: Point }[];
  readonly output: Point & { readonly width: number };
  /** Edges between layers: from a state's top, through its lanes, to the foot of an operation or of the concat. */
  readonly edges: readonly {
    readonly state: number;
    readonly to: "operation" | "output";
    /** Where it leads, if that is an operation: its block, and its place in it. */
    readonly block?: number;
    readonly step?: number;
    readonly points: readonly Point[];
  }[];
}

export const sizes = {
  operationWidth: 102,
  operationHeight: 36,
  combinerRadius: 13,
  inputWidth: 96,
  inputHeight: 34,
  outputHeight: 34,
  /** Between the operations of one block. */
  pairGap: 10,
  /** Between neighbours of a layer. */
  gap: 24,
  laneWidth: 6,
  layerHeight: 152,
  margin: 24,
} as const;

/** From the operations' centre up to the combiner's. */
export const combinerRise = 52;

interface Vertex {
  readonly kind: "input" | "block" | "lane";
  /** The state that it gives or carries on. */
  readonly state: number;
  readonly layer: number;
  readonly width: number;
  x: number;
}

/** Returns the layout of a cell. Deterministic. Cubic in blocks, of which there are a handful. */
export function layoutCell(cell: CellStructure): CellLayout {
  const layerOf = stateLayers(cell);
  const top = Math.max(...layerOf) + 1;
  const layers = makeLayers(cell, layerOf, top);
  arrange(cell, layers);
  return place(cell, layers, top);
}

function stateLayers(cell: CellStructure): number[] {
  const layers: number[] = Array.from({ length: cell.inputs }, () => 0);
  for (const { steps } of cell.blocks) layers.push(1 + Math.max(0, ...steps.map(({ input }) => layers[input] ?? 0)));
  return layers;
}

function makeLayers(cell: CellStructure, layerOf: readonly number[], top: number): Vertex[][] {
  const layers: Vertex[][] = Array.from({ length: top }, () => []);
  layerOf.forEach((layer, state) => {
    const isInput = state < cell.inputs;
    const width = isInput ? sizes.inputWidth : blockWidth(cell.blocks[state - cell.inputs]);
    // Figures of the paper have h_i-1 on the left.
    const vertex: Vertex = { kind: isInput ? "input" : "block", state, layer, width, x: 0 };
    if (isInput) layers[layer]?.unshift(vertex);
    else layers[layer]?.push(vertex);
  });
  layerOf.forEach((layer, state) => {
    const readers = cell.blocks.flatMap(({ steps }, b) =>
      steps.some(({ input }) => input === state) ? [layerOf[cell.inputs + b] ?? 0] : [],
    );
    if (cell.outputs.includes(state)) readers.push(top);
    for (let at = layer + 1; at < Math.max(layer, ...readers); at++)
      layers[at]?.push({ kind: "lane", state, layer: at, width: sizes.laneWidth, x: 0 });
  });
  return layers;
}

/** How wide the operations of a block are, side by side: at least one. */
function blockWidth(block: CellBlock | undefined): number {
  const count = Math.max(1, block?.steps.length ?? 0);
  return count * (sizes.operationWidth + sizes.pairGap) - sizes.pairGap;
}

/** From the block's centre to that of a step's operation. */
function stepOffset(block: CellBlock | undefined, step: number): number {
  return (step - (Math.max(1, block?.steps.length ?? 0) - 1) / 2) * (sizes.operationWidth + sizes.pairGap);
}

/** Chooses the order within the layers: every order of the small layers' items by sweeps of barycentres, the best of all sweeps kept. */
function arrange(cell: CellStructure, layers: Vertex[][]): void {
  for (const layer of layers) spread(layer);
  let best = { cost: cost(cell, layers), orders: layers.map((layer) => [...layer]) };
  for (let sweep = 0; sweep < 24; sweep++) {
    const upwards = sweep % 2 === 0;
    const order = [...layers.keys()];
    for (const index of upwards ? order.slice(1) : order.toReversed().slice(1)) {
      const layer = layers[index] as Vertex[];
      const wish = new Map(
        layer.map((vertex) => [vertex, barycentre(cell, layers, vertex, upwards ? "below" : "above")]),
      );
      layer.sort((a, b) => (wish.get(a) ?? 0) - (wish.get(b) ?? 0));
      spread(layer);
    }
    swapNeighbours(cell, layers);
    const now = cost(cell, layers);
    if (now < best.cost) best = { cost: now, orders: layers.map((layer) => [...layer]) };
  }
  layers.splice(0, layers.length, ...best.orders);
  for (const layer of layers) spread(layer);
  straighten(cell, layers);
}

function swapNeighbours(cell: CellStructure, layers: Vertex[][]): void {
  for (const layer of layers)
    for (let i = 0; i + 1 < layer.length; i++) {
      const before = cost(cell, layers);
      [layer[i], layer[i + 1]] = [layer[i + 1] as Vertex, layer[i] as Vertex];
      spread(layer);
      if (cost(cell, layers) < before) continue;
      [layer[i], layer[i + 1]] = [layer[i + 1] as Vertex, layer[i] as Vertex];
      spread(layer);
    }
}

/** Sets the x of a layer's vertices side by side, centred on 0. */
function spread(layer: readonly Vertex[]): void {
  const total = layer.reduce((sum, vertex) => sum + vertex.width, 0) + sizes.gap * (layer.length - 1);
  let at = -total / 2;
  for (const vertex of layer) {
    vertex.x = at + vertex.width / 2;
    at += vertex.width + sizes.gap;
  }
}

interface Link {
  readonly from: Vertex;
  readonly to: Vertex | "output";
  /** Which of the block's operations it leads to. */
  readonly step: number;
  /** That operation's foot, from the block's centre. */
  readonly offset: number;
}

/** Returns the edges from each layer to the next. */
function links(cell: CellStructure, layers: readonly (readonly Vertex[])[]): Link[] {
  const carrier = (state: number, layer: number): Vertex | undefined =>
    layers[layer]?.find((vertex) => vertex.state === state);
  const result: Link[] = [];
  for (const vertex of layers.flat()) {
    if (vertex.kind === "lane") {
      const from = carrier(vertex.state, vertex.layer - 1);
      if (from !== undefined) result.push({ from, to: vertex, step: 0, offset: 0 });
    }
    if (vertex.kind === "block") {
      const block = cell.blocks[vertex.state - cell.inputs];
      for (const [step, { input }] of (block?.steps ?? []).entries()) {
        const from = carrier(input, vertex.layer - 1);
        if (from !== undefined) result.push({ from, to: vertex, step, offset: stepOffset(block, step) });
      }
    }
  }
  for (const state of cell.outputs) {
    const from = carrier(state, layers.length - 1);
    if (from !== undefined) result.push({ from, to: "output", step: 0, offset: 0 });
  }
  return result;
}

function endOf(link: Link): number {
  return link.to === "output" ? link.from.x * 0.6 : link.to.x + link.offset;
}

/** Crossings count most, then length. */
function cost(cell: CellStructure, layers: readonly (readonly Vertex[])[]): number {
  const all = links(cell, layers);
  let crossings = 0;
  let length = 0;
  for (const [i, a] of all.entries()) {
    length += Math.abs(a.from.x - endOf(a));
    for (const b of all.slice(i + 1)) {
      if (a.from.layer !== b.from.layer || a.from === b.from) continue;
      if ((a.from.x - b.from.x) * (endOf(a) - endOf(b)) < 0) crossings++;
    }
  }
  return crossings * 1000 + length;
}

function barycentre(
  cell: CellStructure,
  layers: readonly (readonly Vertex[])[],
  vertex: Vertex,
  side: "below" | "above",
): number {
  const xs = links(cell, layers).flatMap((link) => {
    if (side === "below") return link.to === vertex ? [link.from.x - link.offset] : [];
    return link.from === vertex ? [endOf(link)] : [];
  });
  return xs.length === 0 ? vertex.x : xs.reduce((sum, x) => sum + x, 0) / xs.length;
}

/** Moves vertices towards their neighbours without changing an order. */
function straighten(cell: CellStructure, layers: readonly Vertex[][]): void {
  for (let round = 0; round < 40; round++)
    for (const layer of layers)
      for (const [i, vertex] of layer.entries()) {
        const wish = (barycentre(cell, layers, vertex, "below") + barycentre(cell, layers, vertex, "above")) / 2;
        const left = layer[i - 1];
        const right = layer[i + 1];
        const min = left === undefined ? -Infinity : left.x + (left.width + vertex.width) / 2 + sizes.gap;
        const max = right === undefined ? Infinity : right.x - (right.width + vertex.width) / 2 - sizes.gap;
        vertex.x += (Math.min(Math.max(wish, min), max) - vertex.x) * 0.5;
      }
}

function place(cell: CellStructure, layers: readonly (readonly Vertex[])[], top: number): CellLayout {
  const all = layers.flat();
  const left = Math.min(...all.map((vertex) => vertex.x - vertex.width / 2));
  const right = Math.max(...all.map((vertex) => vertex.x + vertex.width / 2));
  const shift = sizes.margin - left;
  const height = sizes.margin * 2 + sizes.inputHeight + (top - 1) * sizes.layerHeight + 70 + sizes.outputHeight;
  const bottom = height - sizes.margin - sizes.inputHeight / 2;
  /** Centre of the operations of a layer. */
  const y = (layer: number): number => bottom - layer * sizes.layerHeight + (layer === 0 ? 0 : combinerRise);
  const at = (vertex: Vertex): Point => ({ x: vertex.x + shift, y: y(vertex.layer) });
  const find = (kind: Vertex["kind"], state: number): Vertex =>
    all.find((vertex) => vertex.kind === kind && vertex.state === state) as Vertex;

  const inputs = Array.from({ length: cell.inputs }, (_, state) => at(find("input", state)));
  const blocks = cell.blocks.map((block, b) => {
    const { x, y } = at(find("block", cell.inputs + b));
    const steps = block.steps.map((_, step) => ({ x: x + stepOffset(block, step), y }));
    return { steps, combiner: { x, y: y - combinerRise } };
  });
  const ports = links(cell, layers)
    .filter((link) => link.to === "output")
    .toSorted((a, b) => a.from.x - b.from.x);
  const middle = ports.length === 0 ? 0 : ports.reduce((sum, link) => sum + link.from.x, 0) / ports.length;
  const outputY = sizes.margin + sizes.outputHeight / 2;
  const outputWidth = Math.max(140, ports.length * 44);
  const centre = Math.min(Math.max(middle + shift, sizes.margin + outputWidth / 2), right + shift - outputWidth / 2);

  const topOf = (vertex: Vertex): Point => {
    if (vertex.kind === "input") return { x: vertex.x + shift, y: y(0) - sizes.inputHeight / 2 };
    if (vertex.kind === "lane") return { x: vertex.x + shift, y: y(vertex.layer) - combinerRise };
    return { x: vertex.x + shift, y: y(vertex.layer) - combinerRise - sizes.combinerRadius };
  };
  const footOf = (vertex: Vertex, offset: number): Point => ({
    x: vertex.x + offset + shift,
    y: y(vertex.layer) + sizes.operationHeight / 2,
  });
  const path = (vertex: Vertex): Point[] => {
    if (vertex.kind !== "lane") return [topOf(vertex)];
    const below = layers[vertex.layer - 1]?.find((v) => v.state === vertex.state) as Vertex;
    return [...path(below), footOf(vertex, 0), topOf(vertex)];
  };
  const edges = links(cell, layers).flatMap((link): CellLayout["edges"][number][] => {
    if (link.to === "output") {
      const port = ports.findIndex(({ from }) => from === link.from);
      const x =
        centre + (port - (ports.length - 1) / 2) * Math.min(44, (outputWidth - 24) / Math.max(1, ports.length - 1));
      return [
        {
          state: link.from.state,
          to: "output",
          points: [...path(link.from), { x, y: outputY + sizes.outputHeight / 2 }],
        },
      ];
    }
    if (link.to.kind === "lane") return [];
    const { from, to, step } = link;
    const points = [...path(from), footOf(to, link.offset)];
    return [{ state: from.state, to: "operation", block: to.state - cell.inputs, step, points }];
  });
  return {
    width: right + shift + sizes.margin,
    height,
    inputs,
    blocks,
    output: { x: centre, y: outputY, width: outputWidth },
    edges,
  };
}
