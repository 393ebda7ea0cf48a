/** @file Which class the network takes for which, as a table that is also a picture. */
import { find, make } from "./dom.ts";

export interface ConfusionTable {
  show(classes: readonly string[]): void;
  /** Row-major `[true class, predicted class]`. */
  fill(confusion: Uint32Array): void;
  clear(): void;
}

export function openConfusion(): ConfusionTable {
  const table = find("confusion", HTMLTableElement);
  let cells: HTMLElement[] = [];
  let width = 0;

  function clear(): void {
    for (const cell of cells) {
      cell.textContent = "";
      cell.style.setProperty("--share", "0");
    }
  }

  return {
    show(classes) {
      width = classes.length;
      const head = make("tr");
      head.append(make("td"), ...classes.map((name) => columnHead(name)));
      cells = [];
      const rows = classes.map((name, truth) => {
        const row = make("tr");
        const title = make("th", "", name);
        title.scope = "row";
        const own = classes.map((_, guess) => {
          const cell = make("td");
          cell.style.setProperty("--tint", truth === guess ? "var(--blue)" : "var(--orange)");
          return cell;
        });
        cells.push(...own);
        row.append(title, ...own);
        return row;
      });
      const thead = make("thead");
      const tbody = make("tbody");
      thead.append(head);
      tbody.append(...rows);
      table.replaceChildren(make("caption", "unseen", "Held-out pictures by true class and guess"), thead, tbody);
      clear();
    },
    fill(confusion) {
      for (let truth = 0; truth < width; truth++) {
        const row = confusion.subarray(truth * width, (truth + 1) * width);
        const total = row.reduce((sum, count) => sum + count, 0);
        row.forEach((count, guess) => {
          const cell = cells[truth * width + guess];
          if (cell === undefined) return;
          const share = total === 0 ? 0 : count / total;
          cell.textContent = count === 0 ? "" : String(count);
          cell.style.setProperty("--share", share.toFixed(3));
        });
      }
    },
    clear,
  };
}

function columnHead(name: string): HTMLElement {
  const head = make("th");
  head.scope = "col";
  head.append(make("span", "", name));
  return head;
}
