/** Lines and shapes: from where the pointer went down to where it goes up; with Shift straight, or even. */
import { newTxn } from "../../room/session.js";
import { fillOf } from "../choices.js";
import { round } from "../fields.js";

const LEAST = 4;
const DEFAULT = { w: 200, h: 130 };

export class Shape {
  #easel;
  #kind;
  #from = [0, 0];

  /** @param {any} easel @param {"line" | "arrow" | "rectangle" | "ellipse" | "diamond"} kind */
  constructor(easel, kind) {
    this.#easel = easel;
    this.#kind = kind;
  }

  get #isLine() {
    return this.#kind === "line" || this.#kind === "arrow";
  }

  down(at) {
    this.#from = at.map(round);
    this.#easel.current = { id: newTxn(), element: this.#element(at) };
  }

  move(at, { shift }) {
    this.#easel.current = { id: this.#easel.current.id, element: this.#element(shift ? this.#even(at) : at) };
    this.#easel.preview([this.#easel.current]);
    this.#easel.emit("draw");
  }

  up(at, { shift }) {
    const { id } = this.#easel.current;
    this.#easel.current = null;
    if (Math.hypot(at[0] - this.#from[0], at[1] - this.#from[1]) < LEAST) return this.place(this.#from);
    this.#easel.apply([{ op: "put", id, element: this.#element(shift ? this.#even(at) : at) }]);
    return this.#done(id);
  }

  cancel() {
    this.#easel.current = null;
    this.#easel.emit("draw");
  }

  /** One of the usual size, around this place. */
  place([x, y]) {
    const { w, h } = DEFAULT;
    this.#from = [round(x - w / 2), round(this.#isLine ? y : y - h / 2)];
    this.#done(this.#easel.add(this.#element([x + w / 2, this.#isLine ? y : y + h / 2])));
  }

  #done(id) {
    this.#easel.choose({ tool: "select" });
    this.#easel.select([id]);
  }

  #element([x, y]) {
    const { color, width, isFilled } = this.#easel;
    const [x1, y1] = this.#from;
    const [x2, y2] = [round(x), round(y)];
    if (this.#isLine) return { kind: this.#kind, x1, y1, x2, y2, color, width };
    const box = { x: Math.min(x1, x2), y: Math.min(y1, y2), w: round(Math.abs(x2 - x1)), h: round(Math.abs(y2 - y1)) };
    return { kind: this.#kind, ...box, color, width, ...(isFilled ? { fill: fillOf(color) } : {}) };
  }

  #even([x, y]) {
    const [dx, dy] = [x - this.#from[0], y - this.#from[1]];
    if (this.#isLine) {
      const angle = Math.round(Math.atan2(dy, dx) / (Math.PI / 12)) * (Math.PI / 12);
      const length = Math.hypot(dx, dy);
      return [this.#from[0] + length * Math.cos(angle), this.#from[1] + length * Math.sin(angle)];
    }
    const side = Math.max(Math.abs(dx), Math.abs(dy));
    return [this.#from[0] + side * Math.sign(dx || 1), this.#from[1] + side * Math.sign(dy || 1)];
  }
}
