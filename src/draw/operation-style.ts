/**
 * @file How an operation looks: a label, a colour and a shape. The colour is one of Okabe and Ito's, which the colour-blind tell apart;
 * family is also told by shape, and all by the label, so that black and white loses nothing.
 */

/** `box` convolution, `double` separable (two layers), `tilted` dilated, `round` pool, `dashed` identity. */
export type OperationShape = "box" | "double" | "tilted" | "round" | "dashed";

export interface OperationStyle {
  readonly label: string;
  readonly shape: OperationShape;
  /** Light enough for black text. */
  readonly fill: string;
  readonly stroke: string;
}

const FAMILIES: readonly {
  readonly pattern: RegExp;
  /** Of the size in the name, `3×3`, and of the name. */
  readonly label: (size: string, name: string) => string;
  readonly shape: OperationShape;
  readonly fill: string;
  readonly stroke: string;
}[] = [
  {
    pattern: /^(identity|skip|skip_?connect)$/i,
    label: () => "identity",
    shape: "dashed",
    fill: "#ffffff",
    stroke: "#5a5a5a",
  },
  // The same numbers in another order.
  {
    pattern: /^(?:channel_?)?shuffle_?\d*$/i,
    label: (_, name) => `shuffle ${name.replaceAll(/\D/g, "")}`.trim(),
    shape: "dashed",
    fill: "#ffffff",
    stroke: "#5a5a5a",
  },
  {
    pattern: /^(?:lrn|(?:local_?)?response_?norm)$/i,
    label: () => "lrn",
    shape: "box",
    fill: "#dddddd",
    stroke: "#444444",
  },
  { pattern: /^(none|zero)$/i, label: () => "none", shape: "dashed", fill: "#ffffff", stroke: "#b0b0b0" },
  {
    pattern: /^(dil_?sep|dilsep)\D*([\dx]+)/i,
    label: (s) => `dil sep ${s}`,
    shape: "tilted",
    fill: "#e3c7d8",
    stroke: "#a3457c",
  },
  { pattern: /^dil\D*([\dx]+)/i, label: (s) => `dilated ${s}`, shape: "tilted", fill: "#f3c9a5", stroke: "#b34700" },
  { pattern: /^sep\D*([\dx]+)/i, label: (s) => `sep ${s}`, shape: "double", fill: "#a9d4ee", stroke: "#005f94" },
  {
    pattern: /^(?:dw|depthwise)\D*([\dx]+)/i,
    label: (s) => `depthwise ${s}`,
    shape: "double",
    fill: "#a9d4ee",
    stroke: "#005f94",
  },
  {
    pattern: /^adaptive_?avg\D*([\dx]+)/i,
    label: (s) => `avg to ${s}`,
    shape: "round",
    fill: "#a8dccb",
    stroke: "#00704f",
  },
  {
    pattern: /^adaptive_?max\D*([\dx]+)/i,
    label: (s) => `max to ${s}`,
    shape: "round",
    fill: "#f4ecad",
    stroke: "#8a7d00",
  },
  { pattern: /^global_?avg/i, label: () => "global avg", shape: "round", fill: "#a8dccb", stroke: "#00704f" },
  { pattern: /^avg\D*([\dx]+)/i, label: (s) => `avg ${s}`, shape: "round", fill: "#a8dccb", stroke: "#00704f" },
  { pattern: /^max\D*([\dx]+)/i, label: (s) => `max ${s}`, shape: "round", fill: "#f4ecad", stroke: "#8a7d00" },
  {
    pattern: /^(?:conv|nor_conv_)\D*([\dx]+)/i,
    label: (s) => (s.includes(",") ? s : `conv ${s}`),
    shape: "box",
    fill: "#f5d08e",
    stroke: "#a06a00",
  },
];

/** Returns the style of an operation by its name in the space; the same for ever. */
export function operationStyle(name: string): OperationStyle {
  for (const { pattern, label, shape, fill, stroke } of FAMILIES) {
    const match = pattern.exec(name);
    if (match !== null) return { label: label(sizeText(match.at(-1) ?? ""), name), shape, fill, stroke };
  }
  return { label: name, shape: "box", fill: "#dddddd", stroke: "#444444" };
}

/** `3` gives `3×3`; `1x7` is a 1x7 and then a 7x1. */
function sizeText(size: string): string {
  const [rows = "", columns] = size.split("x");
  if (columns === undefined) return `${rows}×${rows}`;
  return rows === columns ? `${rows}×${columns}` : `${rows}×${columns}, ${columns}×${rows}`;
}
