/**
 * Draws the board on two canvases: below, what the room's log has (drawn once, added to); above, what moves: own
 * strokes on their way, others' strokes under way, their pointers. At most once a frame, and sharp on any screen.
 */
import { h, hue } from "../ui/dom.js";
import { BOARD, drawStroke, isStroke } from "./stroke.js";

const STALE_MS = 4000;
const MAX_RATIO = 3;

export class BoardCanvas {
  #base = h("canvas", { class: "base", role: "img", "aria-label": "Shared whiteboard" });
  #top = h("canvas", { class: "top", "aria-hidden": "true" });
  element = h("div", { class: "paper", data: { elements: "0" } }, this.#base, this.#top);
  #store;
  #own;
  #drawn = { version: -1, count: 0, width: 0 };
  #isAsked = false;
  #staleTimer;

  /** @param {{store: any, own: {pending: Map<string, any>, current: any}, bag: any}} parts `own`: what this page is drawing */
  constructor({ store, own, bag }) {
    this.#store = store;
    this.#own = own;
    for (const topic of ["board", "preview", "pointer"]) bag.add(store.on(topic, () => this.ask()));
    const resized = new ResizeObserver(() => this.ask());
    resized.observe(this.element);
    bag.add(() => (resized.disconnect(), clearTimeout(this.#staleTimer)));
  }

  /** @returns {[number, number]} where a pointer is, in the board's units */
  toBoard(event) {
    const box = this.#base.getBoundingClientRect();
    return [((event.clientX - box.left) / box.width) * BOARD.width, ((event.clientY - box.top) / box.height) * BOARD.height];
  }

  ask() {
    this.element.dataset.elements = String(this.#store.board.elements.size); // also while nobody looks: frames do not run then
    if (this.#isAsked) return;
    this.#isAsked = true;
    requestAnimationFrame(() => {
      this.#isAsked = false;
      if (this.element.clientWidth > 0) this.#draw();
    });
  }

  #draw() {
    const ratio = Math.min(MAX_RATIO, window.devicePixelRatio || 1);
    const width = Math.round(this.element.clientWidth * ratio);
    if (width !== this.#drawn.width) {
      for (const canvas of [this.#base, this.#top]) {
        canvas.width = width;
        canvas.height = Math.round((width * BOARD.height) / BOARD.width);
      }
    }
    this.#drawBase(width);
    this.#drawTop(width);
  }

  #drawBase(width) {
    const { elements, version } = this.#store.board;
    const isMore = version === this.#drawn.version && width === this.#drawn.width && elements.size >= this.#drawn.count;
    const context = scaled(this.#base, width);
    if (!isMore) context.clearRect(0, 0, BOARD.width, BOARD.height);
    let index = 0;
    for (const element of elements.values()) if (index++ >= (isMore ? this.#drawn.count : 0) && isStroke(element)) drawStroke(context, element);
    this.#drawn = { version, count: elements.size, width };
    this.#base.setAttribute("aria-label", `Shared whiteboard, ${elements.size} ${elements.size === 1 ? "stroke" : "strokes"}`);
  }

  #drawTop(width) {
    const { board, participants, self } = this.#store;
    const context = scaled(this.#top, width);
    context.clearRect(0, 0, BOARD.width, BOARD.height);
    const now = performance.now();
    for (const element of this.#own.pending.values()) drawStroke(context, element);
    if (this.#own.current) drawStroke(context, this.#own.current);
    for (const [id, preview] of board.previews) {
      if (now - preview.at > STALE_MS) board.previews.delete(id);
      else if (isStroke(preview.element)) drawStroke(context, preview.element);
    }
    for (const [by, pointer] of board.pointers) {
      const name = participants.get(by)?.name;
      if (now - pointer.at > STALE_MS || !name) board.pointers.delete(by);
      else if (by !== self.participant) drawPointer(context, pointer, name, by);
    }
    clearTimeout(this.#staleTimer);
    if (board.previews.size + board.pointers.size > 0) this.#staleTimer = setTimeout(() => this.ask(), 1000);
  }
}

function scaled(canvas, width) {
  const context = canvas.getContext("2d");
  context.setTransform(width / BOARD.width, 0, 0, width / BOARD.width, 0, 0);
  return context;
}

function drawPointer(context, { x, y }, name, by) {
  const color = `hsl(${hue(by)} 70% 27%)`;
  const size = (16 * BOARD.width) / Math.max(480, context.canvas.clientWidth);
  context.fillStyle = color;
  context.beginPath();
  context.moveTo(x, y);
  context.lineTo(x + size * 0.95, y + size * 0.4);
  context.lineTo(x + size * 0.4, y + size * 0.95);
  context.closePath();
  context.fill();
  context.font = `600 ${size * 0.85}px system-ui, sans-serif`;
  const shown = name.length > 24 ? `${name.slice(0, 23)}…` : name;
  const width = context.measureText(shown).width + size * 0.8;
  const left = Math.min(x + size * 0.7, BOARD.width - width);
  const top = Math.min(y + size * 0.9, BOARD.height - size * 1.4);
  context.beginPath();
  context.roundRect(left, top, width, size * 1.35, size * 0.4);
  context.fill();
  context.fillStyle = "#fff";
  context.textBaseline = "middle";
  context.fillText(shown, left + size * 0.4, top + size * 0.7);
}
