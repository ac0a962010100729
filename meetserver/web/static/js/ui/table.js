/** A table that follows the server: rows and cells are kept, so that the focus and what is selected stay where they are. */
import { button, h } from "./dom.js";
import { follow } from "./keyed.js";

/**
 * @param {{name: string, empty: string, columns: {title: string, text: (item: any) => string, kind?: (item: any) => string, class?: string}[], act?: {label: string, of: (item: any) => string, on: (item: any) => void}}} how
 *   items have an `id`; the first column names the row; `kind` makes a badge of what is in the cell; `act` is the row's
 *   button, and `of` what its name adds for those who do not see the row
 */
export function table({ name, empty, columns, act }) {
  const body = h("tbody", { role: "rowgroup" });
  const none = h("p", { text: empty, hidden: true });
  const heads = [...columns.map((column) => h("th", { scope: "col", role: "columnheader", class: column.class, text: column.title })), act && h("td", {})];
  // Roles that these elements have anyway, and would lose in some browsers where a narrow screen makes them blocks.
  const sheet = h("table", { role: "table", "aria-label": name }, h("thead", { role: "rowgroup" }, h("tr", { role: "row" }, ...heads)), body);
  const made = new Map();
  const update = (items) => {
    follow(body, made, inPlace(body, made, items).map((item) => [item.id, item]), (item) => row(item, columns, act));
    none.hidden = items.length > 0;
    sheet.hidden = items.length === 0;
  };
  return { element: h("div", { class: "table" }, sheet, none), update };
}

/** While somebody is at a row, those that are there keep their order: nothing moves away under a finger. */
function inPlace(body, made, items) {
  if (!body.matches(":hover") && !body.contains(document.activeElement)) return items;
  const byId = new Map(items.map((item) => [item.id, item]));
  const there = [...made].sort(([, a], [, b]) => (a.element.compareDocumentPosition(b.element) & Node.DOCUMENT_POSITION_FOLLOWING ? -1 : 1)).map(([id]) => id);
  const kept = there.filter((id) => byId.has(id)).map((id) => byId.get(id));
  return [...kept, ...items.filter((item) => !made.has(item.id))];
}

function row(item, columns, act) {
  let current = item;
  const cells = columns.map((column, at) => cell(column, at === 0));
  const press = act && h("td", { role: "cell" }, button({ label: act.label, "aria-label": `${act.label} ${act.of(item)}`, class: "small", onClick: () => act.on(current) }));
  const element = h("tr", { role: "row" }, ...cells.map((one) => one.element), press);
  const update = (now) => {
    current = now;
    for (const one of cells) one.update(now);
  };
  return { element, update };
}

function cell({ title, text, kind, class: classes }, isHead) {
  const inner = kind ? h("span") : isHead ? h("code") : h("span");
  const element = isHead ? h("th", { scope: "row", role: "rowheader", class: classes }, inner) : h("td", { role: "cell", class: classes, data: { title } }, inner);
  const update = (item) => {
    const now = text(item);
    if (inner.textContent !== now) inner.textContent = now;
    if (kind) inner.className = kind(item);
  };
  return { element, update };
}
