/** The pen and the eraser: pointer events in, whiteboard commands out. Mouse, finger and stylus alike. */
import { explain } from "../ui/explain.js";
import { toast } from "../ui/toast.js";
import { newTxn } from "../room/session.js";
import { BOARD, isHit, isStroke, MAX_POINTS, previewOf } from "./stroke.js";

const PREVIEW_MS = 60;
const POINTER_MS = 50;
const ERASER_RADIUS = 14;
const MIN_STEP = 1.2;

export class Pen {
  tool = "pen";
  color = "#1c2033";
  width = 4;
  /** Strokes that the room's log does not have yet, by id. */
  pending = new Map();
  current = null;
  #canvas = null;
  #session;
  #store;
  #id = "";
  #own = [];
  #pointer = null;
  #previewAt = 0;
  #pointerAt = 0;
  #erased = new Set();
  onChange = () => {};

  /** @param {{session: any, store: any, bag: any}} parts */
  constructor({ session, store, bag }) {
    this.#session = session;
    this.#store = store;
    bag.add(store.on("board", ({ ops, isReset }) => {
      if (isReset) this.#own = [];
      for (const id of ops ? ops.map((op) => op.id) : store.board.elements.keys()) this.pending.delete(id);
    }));
  }

  /** @param {any} canvas @param {any} bag */
  attach(canvas, bag) {
    this.#canvas = canvas;
    const { element } = canvas;
    bag.listen(element, "pointerdown", (event) => this.#down(event));
    bag.listen(element, "pointermove", (event) => this.#move(event));
    for (const type of ["pointerup", "pointercancel"]) bag.listen(element, type, (event) => this.#up(event));
  }

  get canUndo() {
    return this.#own.length > 0;
  }

  /** Take back the last of this page's strokes that is still there. */
  undo() {
    let id = this.#own.pop();
    while (id && !this.#store.board.elements.has(id) && !this.pending.has(id)) id = this.#own.pop();
    if (id) this.#delete([id]);
    this.onChange();
  }

  #down(event) {
    if (event.button !== 0 || this.#pointer !== null) return;
    event.preventDefault();
    this.#pointer = event.pointerId;
    this.#canvas.element.setPointerCapture(event.pointerId);
    const at = this.#canvas.toBoard(event);
    if (this.tool === "eraser") return this.#erase(...at);
    this.#begin(at);
  }

  #begin([x, y]) {
    this.#id = newTxn();
    this.current = { kind: "stroke", points: [round(x), round(y)], color: this.color, width: this.width };
    this.#canvas.ask();
  }

  #move(event) {
    const [x, y] = this.#canvas.toBoard(event);
    this.#tellPointer(x, y);
    if (event.pointerId !== this.#pointer) return;
    if (this.tool === "eraser") return this.#erase(x, y);
    if (!this.current) return;
    const finer = event.getCoalescedEvents?.() ?? [];
    for (const one of finer.length > 0 ? finer : [event]) this.#addPoint(...this.#canvas.toBoard(one));
    this.#tellPreview();
    this.#canvas.ask();
  }

  #addPoint(x, y) {
    const { points } = this.current;
    if (Math.hypot(x - points.at(-2), y - points.at(-1)) < MIN_STEP) return;
    points.push(round(clamp(x, BOARD.width)), round(clamp(y, BOARD.height)));
    if (points.length / 2 < MAX_POINTS) return;
    const end = points.slice(-2); // a very long stroke goes on as the next element
    this.#finish();
    this.#begin(end);
  }

  #up(event) {
    if (event.pointerId !== this.#pointer) return;
    this.#pointer = null;
    this.#erased.clear();
    if (this.current) this.#finish();
  }

  #finish() {
    const element = this.current;
    const id = this.#id;
    this.current = null;
    this.pending.set(id, element);
    this.#own.push(id);
    this.onChange();
    this.#apply([{ op: "put", id, element }], () => this.pending.delete(id));
  }

  #erase(x, y) {
    const hit = [];
    for (const [id, element] of this.#store.board.elements) if (!this.#erased.has(id) && isStroke(element) && isHit(element, x, y, ERASER_RADIUS)) hit.push(id);
    if (hit.length > 0) this.#delete(hit.slice(0, 200));
  }

  #delete(ids) {
    for (const id of ids) this.#erased.add(id);
    this.#apply(ids.map((id) => ({ op: "delete", id })), () => ids.forEach((id) => this.#erased.delete(id)));
  }

  #apply(ops, onRefused) {
    this.#canvas?.ask();
    this.#session.durable("whiteboard.apply", { ops }).catch((error) => {
      onRefused();
      this.#canvas?.ask();
      toast(`The board did not take that: ${explain(error)}`, { kind: "bad" });
    });
  }

  #tellPreview() {
    const now = performance.now();
    if (now - this.#previewAt < PREVIEW_MS + this.current.points.length / 20) return;
    this.#previewAt = now;
    this.#session.tell("whiteboard.preview", { id: this.#id, element: previewOf(this.current) }, { droppable: true });
  }

  #tellPointer(x, y) {
    const now = performance.now();
    if (now - this.#pointerAt < POINTER_MS) return;
    this.#pointerAt = now;
    this.#session.tell("pointer.move", { x: round(clamp(x, BOARD.width)), y: round(clamp(y, BOARD.height)), tool: this.tool, color: this.color }, { droppable: true });
  }
}

const round = (value) => Math.round(value * 10) / 10;
const clamp = (value, end) => Math.max(0, Math.min(end, value));
