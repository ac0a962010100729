/**
 * Draws a page on three canvases: the paper; what the room's log has (drawn once, added to); and what moves: own work
 * on its way, others' under way, the selection, pointers. At most once a frame, and sharp on any screen.
 */
import { h } from "../ui/dom.js";
import { drawPaper } from "./paper.js";
import { drawPointer } from "./pointer.js";
import { FIRST_PAGE, titleOf } from "./reducer.js";
import { drawFrame, frameOf } from "./selection.js";
import { draw } from "./shapes.js";
import { View } from "./view.js";

const STALE_MS = 4000;
const MAX_RATIO = 3;

export class BoardCanvas {
  view = new View();
  #ground = h("canvas", { class: "ground", "aria-hidden": "true" });
  #base = h("canvas", { class: "base", role: "img", "aria-label": "Shared whiteboard" });
  #top = h("canvas", { class: "top", "aria-hidden": "true" });
  element = h("div", { class: "paper", tabindex: "0", role: "application", "aria-label": "Drawing area", data: { elements: "0" } }, this.#ground, this.#base, this.#top);
  /** A frame that somebody draws around what they want to select. */
  marquee = null;
  #easel;
  #drawn = { key: "", count: 0 };
  #isAsked = false;
  #staleTimer;

  /** @param {{easel: any, bag: any}} parts */
  constructor({ easel, bag }) {
    this.#easel = easel;
    for (const topic of ["preview", "pointer"]) bag.add(easel.store.on(topic, () => this.ask()));
    bag.add(easel.on("draw", () => this.ask()));
    bag.add(easel.on("page", () => this.view.fit()));
    const resized = new ResizeObserver(() => this.ask());
    resized.observe(this.element);
    bag.add(() => (resized.disconnect(), clearTimeout(this.#staleTimer)));
  }

  /** @returns {[number, number]} where a pointer is, in pixels of the desk */
  toDesk(event) {
    const box = this.element.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  ask() {
    this.element.dataset.elements = String(this.#easel.elements.elements.size); // also while nobody looks: frames do not run then
    if (this.#isAsked) return;
    this.#isAsked = true;
    requestAnimationFrame(() => {
      this.#isAsked = false;
      if (this.element.clientWidth > 0) this.#draw();
    });
  }

  #draw() {
    const { clientWidth, clientHeight } = this.element;
    const { view } = this;
    const ratio = Math.min(MAX_RATIO, window.devicePixelRatio || 1);
    const [width, height] = [Math.round(clientWidth * ratio), Math.round(clientHeight * ratio)];
    if (this.#top.width !== width || this.#top.height !== height) {
      for (const canvas of [this.#ground, this.#base, this.#top]) Object.assign(canvas, { width, height });
      this.#drawn.key = "";
    }
    const { sheet, page } = this.#easel;
    view.adjust({ width: clientWidth, height: clientHeight }, sheet);
    this.element.dataset.view = [view.x, view.y, sheet.width * view.scale, sheet.height * view.scale].map((value) => value.toFixed(2)).join(" ");
    const key = [page, view.version, ratio, sheet.background].join();
    this.#drawBase(ratio, key);
    this.#drawTop(ratio);
  }

  /** What stands for elements of the log for now: own changes on their way, and others' under way. */
  #overlay() {
    const { lifted, pending, page, elements, store, current } = this.#easel;
    const over = new Map();
    const now = performance.now();
    for (const [id, preview] of store.board.previews) {
      if (now - preview.at > STALE_MS) store.board.previews.delete(id);
      else if (preview.page === page) over.set(id, preview.element);
    }
    for (const [id, sent] of pending) if (sent.page === page && !(sent.isNew && elements.elements.has(id))) over.set(id, sent.element);
    for (const [id, element] of lifted) over.set(id, element);
    if (current) over.set(current.id, current.element);
    return over;
  }

  #drawBase(ratio, place) {
    const { elements, sheet, store, page } = this.#easel;
    const over = this.#overlay();
    const hidden = [...over.keys()].filter((id) => elements.elements.has(id));
    const key = [place, elements.version, ...hidden].join();
    const { inOrder } = elements;
    const isMore = key === this.#drawn.key && inOrder.length >= this.#drawn.count;
    if (!isMore) {
      drawPaper(this.#scaled(this.#ground, ratio, { isWiped: true }), sheet);
      this.#scaled(this.#base, ratio, { isWiped: true });
    }
    const context = this.#scaled(this.#base, ratio);
    clipped(context, sheet, () => {
      for (const { id, element } of isMore ? inOrder.slice(this.#drawn.count) : inOrder) if (!over.has(id) && this.view.sees(element)) draw(context, element);
    });
    this.#drawn = { key, count: inOrder.length };
    const count = inOrder.length;
    this.#base.setAttribute("aria-label", `Shared whiteboard, ${titleOf(store.board, page)}, ${count} ${count === 1 ? "element" : "elements"}`);
  }

  #drawTop(ratio) {
    const { sheet, selected, store } = this.#easel;
    const { scale } = this.view;
    const context = this.#scaled(this.#top, ratio, { isWiped: true });
    clipped(context, sheet, () => {
      for (const element of this.#overlay().values()) if (element) draw(context, element);
    });
    const frame = selected.length > 0 && frameOf(selected);
    if (frame) drawFrame(context, frame, scale, { canTurn: selected.length === 1, isShut: selected.every(({ element }) => element.locked === true) });
    if (this.marquee) drawMarquee(context, this.marquee, scale);
    this.#drawPointers(context);
    clearTimeout(this.#staleTimer);
    if (store.board.previews.size + store.board.pointers.size > 0) this.#staleTimer = setTimeout(() => this.ask(), 1000);
  }

  #drawPointers(context) {
    const { board, participants, self } = this.#easel.store;
    const now = performance.now();
    for (const [by, pointer] of board.pointers) {
      const who = participants.get(by);
      if (now - pointer.at > STALE_MS || !who) board.pointers.delete(by);
      else if (by !== self.participant && (who.board?.page || FIRST_PAGE) === this.#easel.page) drawPointer(context, pointer, who, this.view);
    }
  }

  #scaled(canvas, ratio, { isWiped = false } = {}) {
    const context = canvas.getContext("2d");
    context.setTransform(1, 0, 0, 1, 0, 0);
    if (isWiped) context.clearRect(0, 0, canvas.width, canvas.height);
    const scale = this.view.scale * ratio;
    context.setTransform(scale, 0, 0, scale, this.view.x * ratio, this.view.y * ratio);
    return context;
  }
}

/** Everybody sees the same part: what is on the page. */
function clipped(context, { width, height }, act) {
  context.save();
  context.beginPath();
  context.rect(0, 0, width, height);
  context.clip();
  act();
  context.restore();
}

function drawMarquee(context, { x, y, w, h: height }, scale) {
  context.fillStyle = "rgb(59 91 219 / 10%)";
  context.strokeStyle = "#3b5bdb";
  context.lineWidth = 1 / scale;
  context.fillRect(x, y, w, height);
  context.strokeRect(x, y, w, height);
}
