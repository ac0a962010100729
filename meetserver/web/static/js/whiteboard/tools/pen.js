/** Pen and highlighter: a stroke as the pointer goes. */
import { newTxn } from "../../room/session.js";
import { round } from "../fields.js";

const MAX_POINTS = 1200; // an element may have 32 KiB
const PREVIEW_POINTS = 300;
const MIN_STEP = 1.2;

export class Pen {
  #easel;
  #kind;

  /** @param {any} easel @param {"stroke" | "highlighter"} kind */
  constructor(easel, kind) {
    this.#easel = easel;
    this.#kind = kind;
  }

  down([x, y]) {
    const { color, width } = this.#easel;
    this.#easel.current = { id: newTxn(), element: { kind: this.#kind, points: [round(x), round(y)], color, width: this.#kind === "highlighter" ? Math.min(80, width * 3 + 10) : width } };
    this.#easel.emit("draw");
  }

  move(_, { path }) {
    for (const at of path) this.#addPoint(at);
    this.#easel.preview([{ id: this.#easel.current.id, element: lighter(this.#easel.current.element) }]);
    this.#easel.emit("draw");
  }

  up() {
    const { id, element } = this.#easel.current;
    this.#easel.current = null;
    this.#easel.apply([{ op: "put", id, element }]);
  }

  cancel() {
    this.#easel.current = null;
    this.#easel.emit("draw");
  }

  #addPoint([x, y]) {
    const { element } = this.#easel.current;
    const { points } = element;
    if (Math.hypot(x - points.at(-2), y - points.at(-1)) < MIN_STEP) return;
    // A new object: what is known of the old one's size does not hold any more.
    this.#easel.current = { ...this.#easel.current, element: { ...element, points: (points.push(round(x), round(y)), points) } };
    if (points.length / 2 < MAX_POINTS) return;
    const end = points.slice(-2); // a very long stroke goes on as the next element
    this.up();
    this.down(end);
  }
}

/** A copy of a stroke under way with fewer points, in whole numbers. */
function lighter(element) {
  const count = element.points.length / 2;
  const step = Math.max(1, Math.ceil(count / PREVIEW_POINTS));
  const points = [];
  for (let index = 0; index < count; index += step) points.push(Math.round(element.points[2 * index]), Math.round(element.points[2 * index + 1]));
  points.push(Math.round(element.points.at(-2)), Math.round(element.points.at(-1)));
  return { ...element, points };
}
