/**
 * @file Stages of blocks as text, `r2_k5_s22_e6_i24_o40_se0.25`: the released code's notation for MnasNet and EfficientNet (tensorflow/tpu). r layers, k kernel, s strides
 * of rows and columns, e expansion, i and o channels before and after, se squeeze-and-excitation (share of the input's channels), noskip for no residual.
 */
import { CellwrightError, expected } from "cellwright/base";

/** A stage of blocks that are alike; only the first has the stride. */
export interface BlockSpec {
  readonly repeats: number;
  readonly kernel: number;
  readonly stride: 1 | 2;
  readonly expansion: number;
  /** Channels before the first block, before any multiplier. */
  readonly inputFilters: number;
  /** Channels after every block, before any multiplier. */
  readonly filters: number;
  /** Of the input's channels; 0 for no squeeze-and-excitation. */
  readonly squeezeRatio: number;
  readonly skip: boolean;
}

/** Returns a stage as text. */
export function blockText({
  repeats,
  kernel,
  stride,
  expansion,
  inputFilters,
  filters,
  squeezeRatio,
  skip,
}: BlockSpec): string {
  const parts = [
    `r${repeats}`,
    `k${kernel}`,
    `s${stride}${stride}`,
    `e${expansion}`,
    `i${inputFilters}`,
    `o${filters}`,
  ];
  if (squeezeRatio > 0) parts.push(`se${squeezeRatio}`);
  if (!skip) parts.push("noskip");
  return parts.join("_");
}

/** The parts that a text has once each, in any order; `se` and `noskip` may be left out. */
const PARTS: Readonly<Record<string, string>> = {
  r: "a number of layers, such as r2",
  k: "a kernel, such as k3",
  s: "strides alike in rows and columns, s11 or s22",
  e: "an expansion, such as e6",
  i: "channels before, such as i16",
  o: "channels after, such as o24",
};

const PART = /^(se|[rksieo])(\d+(?:\.\d+)?)$/;

/** The inverse of `blockText`; parts may come in any order. Throws `space` naming what isn't right. */
export function parseBlock(text: string): BlockSpec {
  const fail = (what: string, received: unknown): never => {
    throw new CellwrightError("space", expected(`block ${text}`, what, received));
  };
  const values = new Map<string, string>();
  for (const part of text.split("_")) {
    const [, key, value] = part === "noskip" ? ["", part, "1"] : (PART.exec(part) ?? []);
    if (key === undefined || value === undefined)
      return fail("parts such as r1, k3, s11, e6, i16, o24, se0.25 and noskip, joined by _", part);
    if (values.has(key)) return fail("every part once", part);
    values.set(key, value);
  }
  const whole = (key: string): number => {
    const value = values.get(key);
    if (value === undefined || !/^[1-9]\d*$/.test(value)) return fail(PARTS[key] as string, value && `${key}${value}`);
    return Number(value);
  };
  const strides = values.get("s");
  if (strides !== "11" && strides !== "22") return fail(PARTS["s"] as string, strides && `s${strides}`);
  const squeezeRatio = Number(values.get("se") ?? 0);
  if (squeezeRatio > 1) return fail("a squeeze of at most the input's channels, such as se0.25", `se${squeezeRatio}`);
  return {
    repeats: whole("r"),
    kernel: whole("k"),
    stride: strides === "11" ? 1 : 2,
    expansion: whole("e"),
    inputFilters: whole("i"),
    filters: whole("o"),
    squeezeRatio,
    skip: !values.has("noskip"),
  };
}
