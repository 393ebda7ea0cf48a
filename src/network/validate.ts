/** @file From any value (a parsed file) to a network, or one error that lists what is wrong, node by node. */
import { CellwrightError, expected } from "../base/errors.ts";
import type { Network, Node } from "./network.ts";
import { isPlainObject } from "./ops/checks.ts";
import { placeOf, topologicalOrder } from "./order.ts";
import { inferShapes } from "./shapes.ts";
import { checkNode, type UncheckedNode } from "./validate-node.ts";

const NODE_KEYS = ["id", "op", "inputs", "attributes"];

function fail(problems: readonly string[]): never {
  throw new CellwrightError("shape", problems.join("\n"), { details: { problems } });
}

/** Refuses keys that mean nothing: a misspelt `input` would otherwise be read as a missing `inputs`. */
function unknownKeys(place: string, record: object, allowed: readonly string[]): string[] {
  return Object.keys(record)
    .filter((key) => !allowed.includes(key))
    .map((key) => expected(place, `only the keys ${allowed.join(", ")}`, key));
}

function checkNodes(name: string, nodes: readonly unknown[]): string[] {
  const problems: string[] = [];
  const ids = new Set<string>();
  // `from` gives a gap in the list as undefined, where `forEach` would pass it over.
  Array.from(nodes).forEach((node, index) => {
    if (!isPlainObject(node)) {
      problems.push(expected(`${name}: nodes[${index}]`, "a node { id, op, inputs, attributes }", node));
      return;
    }
    const unchecked = node as unknown as UncheckedNode;
    const place =
      typeof unchecked.id === "string"
        ? placeOf({ name }, { id: unchecked.id, op: String(unchecked.op) })
        : `${name}: nodes[${index}]`;
    problems.push(...checkNode(unchecked, place), ...unknownKeys(place, node, NODE_KEYS));
    if (typeof unchecked.id !== "string") return;
    if (ids.has(unchecked.id)) problems.push(expected(place, "a path that no other node has", unchecked.id));
    ids.add(unchecked.id);
  });
  return problems;
}

/** What concerns several nodes at once: what they read, the image, the outputs. */
function checkGraph(network: Network): string[] {
  const problems: string[] = [];
  const ids = new Set(network.nodes.map(({ id }) => id));
  for (const node of network.nodes) {
    for (const input of node.inputs) {
      if (!ids.has(input)) problems.push(expected(placeOf(network, node), "an input that exists", input));
    }
  }
  const sources = network.nodes.filter(({ op }) => op === "input");
  if (sources.length !== 1) {
    problems.push(
      expected(
        network.name,
        "exactly one input node",
        sources.map(({ id }) => id),
      ),
    );
  }
  for (const [role, id] of Object.entries(network.outputs)) {
    if (!ids.has(id)) problems.push(expected(`${network.name}: outputs.${role}`, "the id of a node", id));
  }
  return problems;
}

function checkOutputs(name: string, outputs: unknown): string[] {
  if (!isPlainObject(outputs)) return [expected(`${name}: outputs`, "{ logits, auxiliary? }", outputs)];
  const problems = unknownKeys(`${name}: outputs`, outputs, ["logits", "auxiliary"]);
  for (const role of ["logits", "auxiliary"]) {
    const id = outputs[role];
    const isMissing = id === undefined && role === "auxiliary";
    if (!isMissing && typeof id !== "string") {
      problems.push(expected(`${name}: outputs.${role}`, "the id of a node", id));
    }
  }
  return problems;
}

/** Returns the outputs without an auxiliary head that is undefined. */
function presentOutputs({ logits, auxiliary }: Network["outputs"]): Network["outputs"] {
  return { logits, ...(auxiliary !== undefined && { auxiliary }) };
}

/**
 * Returns `value` as a network, or throws `shape` with every problem on a line of its own, each naming its node. Problems of single nodes
 * come first, then those of the graph (unknown inputs, cycles), then shapes (the first that doesn't fit), as each can only be said once those before are mended.
 * `details.problems` has those of nodes and graph as a list.
 */
export function validateNetwork(value: unknown): Network {
  if (!isPlainObject(value)) fail([expected("network", "an object { name, nodes, outputs }", value)]);
  const { name, nodes, outputs } = value;
  if (typeof name !== "string" || name === "") fail([expected("network: name", "a name", name)]);
  if (!Array.isArray(nodes) || nodes.length === 0) fail([expected(`${name}: nodes`, "a list of nodes", nodes)]);

  const problems = [
    ...unknownKeys(name, value, ["name", "nodes", "outputs"]),
    ...checkNodes(name, nodes),
    ...checkOutputs(name, outputs),
  ];
  if (problems.length > 0) fail(problems);

  const network: Network = {
    name,
    nodes: nodes.map(({ id, op, inputs, attributes }: Node) => ({ id, op, inputs, attributes }) as Node),
    outputs: presentOutputs(outputs as unknown as Network["outputs"]),
  };
  const graphProblems = checkGraph(network);
  if (graphProblems.length > 0) fail(graphProblems);
  topologicalOrder(network);

  const shapes = inferShapes(network);
  const sides = Object.entries(network.outputs).map(([role, id]) => [role, shapes.get(id)] as const);
  const wrong = sides.filter(([, shape]) => shape?.length !== 1);
  if (wrong.length > 0) {
    fail(wrong.map(([role, shape]) => expected(`${name}: outputs.${role}`, "a node of shape [classes]", shape)));
  }
  const [logits, auxiliary] = sides;
  if (auxiliary !== undefined && auxiliary[1]?.[0] !== logits?.[1]?.[0]) {
    fail([
      expected(
        `${name}: outputs.auxiliary`,
        "as many classes as the logits",
        sides.map(([, shape]) => shape),
      ),
    ]);
  }
  return network;
}

/** Returns the network as JSON text, two spaces deep, ending in a newline. */
export function serializeNetwork(network: Network): string {
  return `${JSON.stringify(network, undefined, 2)}\n`;
}

/** Returns the network of a JSON text. Throws `shape`, as `validateNetwork` does, or with the parser's complaint. */
export function parseNetwork(text: string): Network {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new CellwrightError("shape", expected("network", "JSON", text), { cause });
  }
  return validateNetwork(value);
}
