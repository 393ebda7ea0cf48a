/** @file Where a node's layer is in the tree of modules, as Python reaches it: `cell0.block1.left.dw`. Weights are named by it. */
import { snakeName, unique } from "./names.ts";
import type { Group } from "./tree.ts";

/** Returns the attribute path of every node. `reserved` are the names that attributes must not have. */
export function modulePaths(root: Group, reserved: ReadonlySet<string>): ReadonlyMap<string, string> {
  const paths = new Map<string, string>();
  const walk = (group: Group, prefix: string): void => {
    const taken = new Set<string>();
    for (const item of group.items) {
      const path = `${prefix}${unique(snakeName(item.name, reserved), taken)}`;
      if (item.kind === "leaf") paths.set(item.node.id, path);
      else if (item.kind === "group") walk(item, `${path}.`);
      else for (const [index, part] of item.items.entries()) walk(part, `${path}.${index}.`);
    }
  };
  walk(root, "");
  return paths;
}
