/** Pointers on the board: each goes to the tool in hand, or moves the view. Mouse, finger and stylus alike. */
import { round } from "./fields.js";

const POINTER_MS = 50;
const WHEEL = 0.0016;

export class Hand {
  #easel;
  #canvas;
  #tools;
  /** @type {Map<number, [number, number]>} pointers that are down, and where, in pixels of the desk */
  #down = new Map();
  #using = null; // the tool that a pointer draws with
  #isPanning = false;
  #hasSpace = false;
  #toldAt = 0;

  /** @param {{easel: any, canvas: any, tools: Record<string, any>, bag: any}} parts */
  constructor({ easel, canvas, tools, bag }) {
    this.#easel = easel;
    this.#canvas = canvas;
    this.#tools = tools;
    const { element } = canvas;
    bag.listen(element, "pointerdown", (event) => this.#begin(event));
    bag.listen(element, "pointermove", (event) => this.#move(event));
    bag.listen(element, "pointerup", (event) => this.#end(event));
    bag.listen(element, "pointercancel", (event) => this.#end(event, { isCancelled: true }));
    bag.listen(element, "wheel", (event) => this.#wheel(event), { passive: false });
    bag.listen(element, "keydown", (event) => event.key === " " && (event.preventDefault(), (this.#hasSpace = true)));
    bag.listen(element, "keyup", (event) => event.key === " " && (this.#hasSpace = false));
    bag.listen(element, "blur", () => (this.#hasSpace = false));
    bag.add(easel.on("page", () => this.#stop()));
  }

  #begin(event) {
    if (event.button > 1) return;
    event.preventDefault(); // keeps an open editor's focus: it is closed by hand
    this.#canvas.element.focus({ preventScroll: true });
    this.#canvas.element.setPointerCapture(event.pointerId);
    this.#down.set(event.pointerId, this.#canvas.toDesk(event));
    if (this.#down.size > 1) return this.#stop();
    this.#isPanning = event.button === 1 || this.#hasSpace || this.#easel.tool === "hand" || Boolean(this.#easel.refusal);
    if (this.#isPanning) return;
    this.#using = this.#tools[this.#easel.tool];
    this.#using.down(this.#at(event), { shift: event.shiftKey });
  }

  #move(event) {
    this.#tell(event);
    const before = this.#down.get(event.pointerId);
    if (!before) return;
    const now = this.#canvas.toDesk(event);
    if (this.#down.size === 2) this.#pinch(event.pointerId, now);
    this.#down.set(event.pointerId, now);
    if (this.#isPanning && this.#down.size === 1) this.#see(() => this.#canvas.view.pan(now[0] - before[0], now[1] - before[1]));
    if (!this.#using) return;
    const finer = event.getCoalescedEvents?.() ?? [];
    const path = (finer.length > 0 ? finer : [event]).map((one) => this.#at(one));
    this.#using.move(path.at(-1), { path, shift: event.shiftKey });
  }

  #end(event, { isCancelled = false } = {}) {
    if (!this.#down.delete(event.pointerId)) return;
    const using = this.#using;
    this.#using = null;
    if (using && isCancelled) using.cancel();
    else using?.up(this.#at(event), { shift: event.shiftKey });
  }

  /** A second finger came: it was no drawing. Or another page: it is not meant for that one. */
  #stop() {
    this.#using?.cancel();
    this.#using = null;
    this.#isPanning = false;
  }

  #pinch(moving, now) {
    const before = this.#down.get(moving);
    const [, other] = [...this.#down].find(([id]) => id !== moving);
    const distance = ([x, y]) => Math.max(10, Math.hypot(x - other[0], y - other[1]));
    this.#see(() => {
      this.#canvas.view.pan((now[0] - before[0]) / 2, (now[1] - before[1]) / 2);
      this.#canvas.view.zoom(distance(now) / distance(before), [(now[0] + other[0]) / 2, (now[1] + other[1]) / 2]);
    });
  }

  #wheel(event) {
    event.preventDefault();
    const pixels = event.deltaMode === 1 ? 20 : 1;
    const [dx, dy] = [event.deltaX * pixels, event.deltaY * pixels];
    this.#see(() => {
      if (event.ctrlKey || event.metaKey) this.#canvas.view.zoom(Math.exp(-dy * WHEEL * (event.ctrlKey ? 3 : 1)), this.#canvas.toDesk(event));
      else if (event.shiftKey) this.#canvas.view.pan(-dy, 0);
      else this.#canvas.view.pan(-dx, -dy);
    });
  }

  #see(act) {
    act();
    this.#easel.emit("view");
    this.#easel.emit("draw");
  }

  /** In units, and on the page. */
  #at(event) {
    const { sheet } = this.#easel;
    const [x, y] = this.#canvas.view.toBoard(...this.#canvas.toDesk(event));
    return [Math.max(0, Math.min(sheet.width, x)), Math.max(0, Math.min(sheet.height, y))];
  }

  #tell(event) {
    const now = performance.now();
    if (now - this.#toldAt < POINTER_MS || this.#easel.store.me?.role === "viewer") return;
    this.#toldAt = now;
    const [x, y] = this.#at(event).map(round);
    this.#easel.tell("pointer.move", { x, y, tool: this.#easel.tool, color: this.#easel.color });
  }
}
