/** @file Names that Python accepts, and Python's way of writing numbers. */

const KEYWORDS =
  "False None True and as assert async await break class continue def del elif else except finally for from global if import in is lambda nonlocal not or pass raise return try while with yield match case type print self";

/** Returns the names that no attribute or variable may have: Python's own, and `more`, separated by spaces. */
export function reservedNames(more: string): ReadonlySet<string> {
  return new Set(`${KEYWORDS} ${more}`.split(" "));
}

/** Returns a Python identifier in snake case for one segment of a path: `dropPath` gives `drop_path`, and a reserved name gets an underscore behind it. */
export function snakeName(segment: string, reserved: ReadonlySet<string>): string {
  const snake = segment
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .replace(/[^A-Za-z0-9_]+/g, "_")
    .replace(/^_+(?=.)|_+$/g, "")
    .toLowerCase();
  const legal = snake === "" || /^[0-9]/.test(snake) ? `_${snake}` : snake;
  return reserved.has(legal) ? `${legal}_` : legal;
}

/** Returns a Python class name: `nasnet-a-cifar` gives `NasnetACifar`. */
export function className(text: string): string {
  const camel = text
    .split(/[^A-Za-z0-9]+/)
    .filter((word) => word !== "")
    .map((word) => `${word.charAt(0).toUpperCase()}${word.slice(1)}`)
    .join("");
  if (camel === "") return "Model";
  return /^[0-9]/.test(camel) ? `Model${camel}` : camel;
}

/** Returns `name`, or `name2`, `name3` … if it is taken, and takes it. */
export function unique(name: string, taken: Set<string>): string {
  let result = name;
  for (let i = 2; taken.has(result); i++) result = `${name}${i}`;
  taken.add(result);
  return result;
}

/** Returns a number in Python's notation, rid of the last digits' noise (1 - 0.9 is 0.1). */
export function pythonNumber(value: number): string {
  return String(Number(value.toPrecision(12)));
}

export function pythonBoolean(value: boolean): string {
  return value ? "True" : "False";
}

/** Returns a text literal. JSON's escapes are Python's too. */
export function pythonText(value: string): string {
  return JSON.stringify(value);
}

/** Returns a number as a fraction where its decimals would go on for long: `2 / 17`. */
export function pythonFraction(value: number): string {
  const decimal = pythonNumber(value);
  if (decimal.length <= 6) return decimal;
  for (let below = 3; below <= 200; below++) {
    const above = Math.round(value * below);
    if (Math.abs(above / below - value) < 1e-15) return `${above} / ${below}`;
  }
  return decimal;
}
