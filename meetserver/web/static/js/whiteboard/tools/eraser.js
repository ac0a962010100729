/** The eraser takes whole elements away, but those that are locked. */
import { around, isHit } from "../geometry.js";

const RADIUS_PX = 10;

export class Eraser {
  #easel;
  #view;

  /** @param {any} easel @param {any} view */
  constructor(easel, view) {
    this.#easel = easel;
    this.#view = view;
  }

  down(at) {
    this.#erase([at]);
  }

  move(_, { path }) {
    this.#erase(path);
  }

  up() {}

  cancel() {}

  #erase(path) {
    const radius = RADIUS_PX / this.#view.scale;
    const hit = new Set();
    for (const [x, y] of path) for (const { id, element } of this.#easel.topDown(around(x, y, radius))) if (element.locked !== true && isHit(element, x, y, radius)) hit.add(id);
    if (hit.size > 0) this.#easel.apply([...hit].map((id) => ({ op: "delete", id })));
  }
}
