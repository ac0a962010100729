/**
 * Draws a page on three canvases: the paper; what the room's log has (painter.js); and what moves: own work on its way,
 * others' under way, the selection, pointers. At most once a frame, and sharp on any screen.
 */
import { h } from "../ui/dom.js";
import { Painter } from "./painter.js";
import { drawPaper } from "./paper.js";
import { drawPointer } from "./pointer.js";
import { FIRST_PAGE, titleOf } from "./reducer.js";
import { extentOf } from "./geometry.js";
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
  #pictures;
  #painter;
  #paper = "";
  #isAsked = false;
  #staleTimer;

  /** @param {{easel: any, pictures: import("./pictures.js").Pictures, bag: any}} parts */
  constructor({ easel, pictures, bag }) {
    this.#easel = easel;
    this.#pictures = pictures;
    this.#painter = new Painter(this.#base, pictures);
    for (const topic of ["preview", "pointer"]) bag.add(easel.store.on(topic, () => this.ask()));
    bag.add(easel.on("draw", () => this.ask()));
    bag.add(easel.on("page", () => this.view.fit()));
    bag.add(pictures.on("come", (file) => this.#come(file)));
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
      this.#paper = "";
    }
    const { sheet } = this.#easel;
    view.adjust({ width: clientWidth, height: clientHeight }, sheet);
    this.element.dataset.view = [view.x, view.y, sheet.width * view.scale, sheet.height * view.scale].map((value) => value.toFixed(2)).join(" ");
    // Whole pixels: what is drawn already can be moved along.
    const place = { x: Math.round(view.x * ratio), y: Math.round(view.y * ratio), scale: view.scale * ratio };
    const over = this.#overlay();
    this.#drawPaper(place);
    this.#drawBase(place, over);
    this.#drawTop(place, over);
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

  #drawPaper(place) {
    const { sheet } = this.#easel;
    const key = JSON.stringify([place, sheet]);
    if (key === this.#paper) return;
    this.#paper = key;
    const context = scaled(this.#ground, place);
    const { width, height } = this.#ground;
    drawPaper(context, sheet, { left: -place.x / place.scale, top: -place.y / place.scale, right: (width - place.x) / place.scale, bottom: (height - place.y) / place.scale });
  }

  #drawBase(place, over) {
    const { elements, sheet, store, page } = this.#easel;
    this.#painter.show({ page: elements, sheet, place, hidden: over.keys() });
    const isAll = this.#painter.work();
    this.element.dataset.painted = String(isAll);
    if (!isAll) this.ask();
    const count = elements.elements.size;
    const label = `Shared whiteboard, ${titleOf(store.board, page)}, ${count} ${count === 1 ? "element" : "elements"}`;
    if (this.#base.getAttribute("aria-label") !== label) this.#base.setAttribute("aria-label", label);
  }

  #drawTop(place, over) {
    const { sheet, selected, store } = this.#easel;
    const { scale } = this.view;
    const context = scaled(this.#top, place);
    context.save();
    context.beginPath();
    context.rect(0, 0, sheet.width, sheet.height);
    context.clip(); // everybody sees the same part: what is on the page
    for (const element of over.values()) if (element) draw(context, element, this.#pictures);
    context.restore();
    const frame = selected.length > 0 && frameOf(selected);
    if (frame) drawFrame(context, frame, scale, { only: selected.length === 1 ? selected[0].element : null, isShut: selected.every(({ element }) => element.locked === true) });
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

  /** A picture can be drawn now. */
  #come(file) {
    for (const { element } of this.#easel.elements.elements.values()) if (element?.kind === "image" && element.file === file) this.#painter.refresh(extentOf(element));
    this.ask();
  }
}

/** Wiped, and in units. */
function scaled(canvas, { x, y, scale }) {
  const context = canvas.getContext("2d");
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.clearRect(0, 0, canvas.width, canvas.height);
  context.setTransform(scale, 0, 0, scale, x, y);
  return context;
}

function drawMarquee(context, { x, y, w, h: height }, scale) {
  context.fillStyle = "rgb(59 91 219 / 10%)";
  context.strokeStyle = "#3b5bdb";
  context.lineWidth = 1 / scale;
  context.fillRect(x, y, w, height);
  context.strokeRect(x, y, w, height);
}
