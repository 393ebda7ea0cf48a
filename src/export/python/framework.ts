/**
 * @file What a Python framework is to the writer of model.py: how each operation is written in it, as a layer that is made once or as an
 * expression, and what its classes and methods are called.
 */
import { unreachable } from "../../base/errors.ts";
import type { Node, OpAttributes, OpKind, Pair, Shape } from "../../network/network.ts";
import type { Make } from "./values.ts";

/** A Python expression. `tight` ones need no brackets as an operand. */
export interface Expression {
  readonly text: string;
  readonly tight: boolean;
}

/** How one operation is written. `inputs` are the shapes of its inputs. */
export type Operation<K extends OpKind> =
  | { readonly kind: "module"; readonly make: (attributes: OpAttributes[K], inputs: readonly Shape[]) => Make }
  | {
      readonly kind: "expression";
      readonly write: (
        attributes: OpAttributes[K],
        inputs: readonly Shape[],
        operands: readonly Expression[],
      ) => Expression;
    };

/** Every operation. A kind without an entry doesn't compile. */
export type OperationTable = { readonly [K in OpKind]: Operation<K> };

/** A framework that model.py is written for. */
export interface PythonFramework {
  readonly operations: OperationTable;
  /** Base class of a part: `nn.Module`. */
  readonly partClass: string;
  /** Base class of the whole network. */
  readonly rootClass: string;
  /** What a class computes its result in: `forward`. */
  readonly method: string;
  /** Parameters of the whole network's method: `self, x`. */
  readonly rootParameters: string;
  /** Condition that holds while training, in the whole network's method: `self.training`. */
  readonly whileTraining: string;
  /** What holds a stack of parts: one that is called as a whole, and one that a loop goes through. Without it parts stand one by one. */
  readonly stacks?: { readonly chain: string; readonly pair: string };
  /** Names in model.py that no class made for a network may have. */
  readonly classNames: readonly string[];
  /** Names that no attribute or variable may have: what a layer has already, and what model.py imports. */
  readonly reserved: ReadonlySet<string>;
}

/** Returns the constructor call of a node, or undefined if it is an expression. */
export function moduleOf(framework: PythonFramework, node: Node, inputs: readonly Shape[]): Make | undefined {
  const operation = operationOf(framework, node.op);
  return operation.kind === "module" ? operation.make(node.attributes, inputs) : undefined;
}

/** Returns the expression of a node that is no module. */
export function expressionOf(
  framework: PythonFramework,
  node: Node,
  inputs: readonly Shape[],
  operands: readonly Expression[],
): Expression {
  const operation = operationOf(framework, node.op);
  return operation.kind === "expression"
    ? operation.write(node.attributes, inputs, operands)
    : unreachable(operation as never);
}

/** The table is typed per kind; a lookup by a node's own kind agrees with its attributes. */
function operationOf(framework: PythonFramework, op: OpKind): Operation<OpKind> {
  return framework.operations[op] as unknown as Operation<OpKind>;
}

/** Returns the entry of an operation that is a layer. */
export function module<K extends OpKind>(
  make: (attributes: OpAttributes[K], inputs: readonly Shape[]) => Make,
): Operation<K> {
  return { kind: "module", make };
}

/** Returns the entry of an operation that is an expression. */
export function expression<K extends OpKind>(
  write: (attributes: OpAttributes[K], inputs: readonly Shape[], operands: readonly Expression[]) => Expression,
): Operation<K> {
  return { kind: "expression", write };
}

/** Returns an expression that needs no brackets. */
export function tight(text: string): Expression {
  return { text, tight: true };
}

/** Returns an operand's text, in brackets where it needs them. */
export function bracket(x: Expression): string {
  return x.tight ? x.text : `(${x.text})`;
}

/** Returns `name(x)`. */
export function call(name: string, x: Expression | undefined): Expression {
  return tight(`${name}(${x?.text})`);
}

/** Returns `x` with a method or an index behind it. */
export function suffix(x: Expression | undefined, text: string): Expression {
  return tight(`${x === undefined ? "" : bracket(x)}${text}`);
}

/** Returns operands joined by an operator. */
export function joined(operands: readonly Expression[], operator: "+" | "*"): Expression {
  const parts = operands.map((x, index) => (index === 0 && operator === "+" ? x.text : bracket(x)));
  return { text: parts.join(` ${operator} `), tight: false };
}

/** Returns the text of a slice of an axis of `size`: `2:` where it goes on to the end. */
export function range(start: number, length: number, size: number): string {
  return `${start === 0 ? "" : start}:${start + length === size ? "" : start + length}`;
}

/** Returns how many channels a shape has. */
export function channelsOf(shape: Shape | undefined): number {
  return shape?.at(-1) ?? 0;
}

/** Returns one number for two alike, else a tuple. */
export function pair([rows, columns]: Pair): string {
  return rows === columns ? String(rows) : `(${rows}, ${columns})`;
}
