/** Selects with a click or a frame; moves, stretches and turns what is selected. */
import { angleOf, round } from "../fields.js";
import { around, boundsOf, boxOf, centerOf, fitted, isHit, movedBy, turned } from "../geometry.js";
import { patched } from "../reducer.js";
import { frameOf, handleAt, handlesOf, stretched } from "../selection.js";

const REACH_PX = 6;
const LEAST_PX = 3;
const AGAIN_MS = 400;
const SHOWN_MOVING = 4;

export class Select {
  #easel;
  #canvas;
  #editor;
  #drag = null;
  #last = { id: "", at: 0 };

  /** @param {any} easel @param {any} canvas @param {any} editor */
  constructor(easel, canvas, editor) {
    this.#easel = easel;
    this.#canvas = canvas;
    this.#editor = editor;
  }

  down(at, { shift }) {
    const { scale } = this.#canvas.view;
    const movable = this.#movable;
    const frame = movable.length > 0 && frameOf(movable);
    const handle = frame && handleAt(handlesOf(frame, scale, { only: movable.length === 1 ? movable[0].element : null }), at, scale);
    if (handle) return void (this.#drag = { from: at, handle, frame, things: movable });
    const found = this.#at(at);
    if (!found) {
      if (!shift) this.#easel.select([]);
      return void (this.#drag = { from: at, isMarquee: true, before: [...this.#easel.selection] });
    }
    if (this.#isAgain(found.id) && ["text", "note"].includes(found.element.kind) && found.element.locked !== true) return this.#editor.open(found.element, found.id);
    this.#pick(found.id, shift);
    return void (this.#drag = { from: at, things: this.#movable });
  }

  move(at, { shift }) {
    const drag = this.#drag;
    if (!drag) return;
    if (drag.isMarquee) return this.#frame(at);
    const isFar = Math.hypot(at[0] - drag.from[0], at[1] - drag.from[1]) * this.#canvas.view.scale >= LEAST_PX;
    if (!drag.isUnderWay && !isFar) return;
    drag.isUnderWay = true;
    const changed = drag.things.map(({ id, element }) => ({ id, element: patched(element, this.#change(element, at, shift)) }));
    this.#easel.lifted = new Map(changed.map(({ id, element }) => [id, element]));
    if (changed.length <= SHOWN_MOVING) this.#easel.preview(changed.filter(({ element }) => (element.points?.length ?? 0) <= 1200));
    this.#easel.emit("draw");
  }

  up(at, { shift }) {
    const drag = this.#drag;
    this.cancel();
    if (drag?.isUnderWay) this.#easel.apply(drag.things.map(({ id, element }) => ({ op: "patch", id, fields: this.#change(element, at, shift, drag) })));
  }

  cancel() {
    this.#drag = null;
    this.#canvas.marquee = null;
    this.#easel.lifted.clear();
    this.#easel.emit("draw");
  }

  get #movable() {
    return this.#easel.selected.filter(({ element }) => element.locked !== true && boxOf(element));
  }

  #at([x, y]) {
    const reach = REACH_PX / this.#canvas.view.scale;
    for (const one of this.#easel.topDown(around(x, y, reach))) if (isHit(one.element, x, y, reach)) return one;
    // Inside the frame of what is selected already is good enough.
    return this.#movable.find(({ element }) => isWithin({ x, y, w: 0, h: 0 }, boundsOf([element])));
  }

  #isAgain(id) {
    const now = performance.now();
    const isAgain = this.#last.id === id && now - this.#last.at < AGAIN_MS;
    this.#last = { id, at: now };
    return isAgain;
  }

  #pick(id, shift) {
    const { selection } = this.#easel;
    if (shift) this.#easel.select(selection.has(id) ? [...selection].filter((one) => one !== id) : [...selection, id]);
    else if (!selection.has(id)) this.#easel.select([id]);
  }

  #frame([x, y]) {
    const { from, before } = this.#drag;
    const marquee = { x: Math.min(x, from[0]), y: Math.min(y, from[1]), w: Math.abs(x - from[0]), h: Math.abs(y - from[1]) };
    this.#canvas.marquee = marquee;
    const inside = [...this.#easel.topDown(marquee)].filter(({ element }) => boxOf(element) && isWithin(boundsOf([element]), marquee)).map(({ id }) => id);
    this.#easel.select([...before, ...inside]);
  }

  /** What the drag does to an element. */
  #change(element, at, isEven, { from, handle, frame } = this.#drag) {
    if (!handle) return movedBy(element, at[0] - from[0], at[1] - from[1]);
    const center = centerOf(frame.box);
    if (handle === "turn") {
      const angle = (Math.atan2(at[1] - center[1], at[0] - center[0]) * 180) / Math.PI + 90;
      return { angle: round((isEven ? Math.round(angle / 15) * 15 : angle + 360) % 360) || null };
    }
    const { kind } = element;
    const box = stretched(frame.box, handle, turned(at, center, -frame.angle), { isEven: isEven || kind === "text" || kind === "image" });
    // The side that is not held stays where it is, also of something turned.
    const [cx, cy] = turned(centerOf(box), center, frame.angle);
    return fitted(element, frame.box, { ...box, x: cx - box.w / 2, y: cy - box.h / 2 });
  }
}

const isWithin = (inner, outer) => inner.x >= outer.x && inner.y >= outer.y && inner.x + inner.w <= outer.x + outer.w && inner.y + inner.h <= outer.y + outer.h;
