/** What is done with selected elements beside moving them: painted, copied, deleted, locked, put above and below others. */
import { newTxn } from "../room/session.js";
import { askText } from "../ui/ask-text.js";
import { announce } from "../ui/dom.js";
import { fillOf, NAMES, PAPERS } from "./choices.js";
import { boxOf, movedBy } from "./geometry.js";
import { patched } from "./reducer.js";

const ASIDE = 24;

/** @param {any} easel */
export function arranging(easel) {
  const drawn = () => [...easel.topDown()].filter(({ element }) => boxOf(element)).reverse();
  /** In the order in which they lie upon each other, however they were selected. */
  const stacked = (things) => {
    const ids = new Set(things.map(({ id }) => id));
    return drawn().filter(({ id }) => ids.has(id));
  };
  const open = () => easel.selected.filter(({ element }) => element.locked !== true && boxOf(element));
  const patch = (things, fieldsOf) => {
    const ops = things.map(({ id, element }) => ({ op: "patch", id, fields: fieldsOf(element) })).filter(({ fields }) => Object.keys(fields).length > 0);
    if (ops.length > 0) easel.apply(ops);
  };
  return {
    move: (dx, dy) => patch(open(), (element) => movedBy(element, dx, dy)),
    paint: (what) => patch(open(), (element) => painted(element, what)),
    remove: () => {
      const ops = open().map(({ id }) => ({ op: "delete", id }));
      if (ops.length > 0) easel.apply(ops);
    },
    duplicate: () => {
      const ops = stacked(easel.selected).map(({ element }) => ({ op: "put", id: newTxn(), element: patched(element, { ...movedBy(element, ASIDE, ASIDE), locked: null }) }));
      if (ops.length === 0) return;
      easel.apply(ops);
      easel.select(ops.map(({ id }) => id));
    },
    /** @param {"front" | "back" | "forward" | "backward"} to */
    order: (to) => {
      const ops = stacked(open()).map(({ id }) => ({ op: "order", id, to }));
      if (ops.length > 0) easel.apply(to === "back" || to === "forward" ? ops.reverse() : ops);
    },
    toggleLock: () => {
      const isShut = easel.selected.every(({ element }) => element.locked === true);
      patch(easel.selected.filter(({ element }) => (element.locked === true) === isShut), () => ({ locked: isShut ? null : true }));
    },
    all: () => {
      easel.choose({ tool: "select" });
      easel.select(drawn().filter(({ element }) => element.locked !== true).map(({ id }) => id));
      announce(`${easel.selection.size} selected`);
    },
    describe: async () => {
      const [{ id, element }] = easel.selected;
      const alt = await askText({ title: "Describe the picture", label: "What it shows", hint: "For those who cannot see it.", value: typeof element.alt === "string" ? element.alt : "", yes: "Save" });
      if (alt !== undefined) easel.apply([{ op: "patch", id, fields: { alt } }]);
    },
    /** The next one above, or below, for who has no pointer. */
    next: (step) => {
      const every = drawn();
      if (every.length === 0) return;
      const at = every.findIndex(({ id }) => easel.selection.has(id));
      const { id, element } = every[at < 0 ? (step > 0 ? 0 : every.length - 1) : (at + step + every.length) % every.length];
      easel.choose({ tool: "select" });
      easel.select([id]);
      announce([NAMES[element.kind] ?? "Element", element.text, element.alt, element.locked === true && "locked", `${every.findIndex((one) => one.id === id) + 1} of ${every.length}`].filter(Boolean).join(", "));
    },
  };
}

function painted({ kind, fill, color: now }, { color, width, isFilled }) {
  const isShape = ["rectangle", "ellipse", "diamond"].includes(kind);
  if (color && kind === "note") return { color: PAPERS[color] };
  if (color) return { color, ...(isShape && fill ? { fill: fillOf(color) } : {}) };
  if (width && !["text", "note", "image"].includes(kind)) return { width };
  return isFilled !== undefined && isShape ? { fill: isFilled ? fillOf(now) : null } : {};
}
