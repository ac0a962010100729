/**
 * What this page does at the board: the tool in hand, the page that is looked at, what is selected, and what the
 * room's log does not have yet. Emits "change" (tools, page, selection, what is allowed) and "draw".
 */
import { Emitter } from "../emitter.js";
import { newTxn } from "../room/session.js";
import { announce } from "../ui/dom.js";
import { explain } from "../ui/explain.js";
import { toast } from "../ui/toast.js";
import { COLORS, WIDTHS } from "./choices.js";
import { allPages, FIRST_PAGE, pageOf, patched, sheetOf } from "./reducer.js";
import { can, forgetPage } from "./steps.js";

const OPS = 200;
const COMMAND_BYTES = 48 * 1024; // a frame has at most 64 KiB
const PREVIEW_MS = 60;

export class Easel extends Emitter {
  tool = "pen";
  color = COLORS[0][0];
  width = WIDTHS[0][0];
  isFilled = false;
  page = FIRST_PAGE;
  /** Ids of elements. */
  selection = new Set();
  /** What is drawn right now: {id, element}. */
  current = null;
  /** @type {Map<string, {page: string, element: any, isNew: boolean, seq?: number}>} what was sent, until the log has it; null: deleted */
  pending = new Map();
  /** @type {Map<string, any>} what is being moved, as it would be */
  lifted = new Map();
  #session;
  #previewAt = 0;
  #wanted = "";

  /** @param {{session: any, store: any, bag: any}} parts */
  constructor({ session, store, bag }) {
    super();
    this.#session = session;
    this.store = store;
    bag.add(store.on("board", () => this.#settle()));
    for (const topic of ["pages", "room", "participants"]) bag.add(store.on(topic, () => this.#look()));
  }

  get sheet() {
    return sheetOf(this.store.board, this.page);
  }

  get elements() {
    return pageOf(this.store.board, this.page);
  }

  /** Why this page may not be drawn on; empty: it may. */
  get refusal() {
    const { me, isModerator, room } = this.store;
    if (isModerator) return "";
    if (me?.role === "viewer") return "Viewers look on.";
    if (this.sheet.locked) return "This page is locked: only hosts and co-hosts draw on it.";
    const mode = room.settings.whiteboard_mode ?? "all";
    if (mode === "host") return "Only hosts and co-hosts draw in this meeting.";
    return mode === "some" && !me?.may_draw ? "Only some people draw in this meeting. A host can let you." : "";
  }

  /** @param {Partial<Easel>} what */
  choose(what) {
    Object.assign(this, what);
    if (what.tool && what.tool !== "select") this.selection.clear();
    this.emit("change");
    this.emit("draw");
  }

  select(ids) {
    this.selection = new Set(ids);
    this.emit("change");
    this.emit("draw");
  }

  /** Look at this page, as soon as it is there. */
  show(page) {
    this.#wanted = page;
    this.#look();
  }

  #turnTo(page) {
    this.current = null;
    this.lifted.clear();
    this.selection.clear();
    this.page = page;
    this.emit("page");
  }

  /** The element as it is seen here; undefined or null: none. */
  shown(id, page = this.page) {
    if (page === this.page && this.lifted.has(id)) return this.lifted.get(id);
    const sent = this.pending.get(id);
    return sent?.page === page ? sent.element : pageOf(this.store.board, page).elements.get(id)?.element;
  }

  get selected() {
    return [...this.selection].map((id) => ({ id, element: this.shown(id) })).filter(({ element }) => element);
  }

  /** Topmost first; with a part of the page, what may be there. @param {{x: number, y: number, w: number, h: number}} [part] */
  *topDown(part) {
    for (const [id, { page, element, isNew }] of [...this.pending].reverse()) if (isNew && page === this.page && !this.elements.elements.has(id)) yield { id, element };
    const { elements } = this;
    // What is being changed may be elsewhere than the log has it.
    const found = part ? elements.within(part, [...this.pending.keys(), ...this.lifted.keys()]) : elements.inOrder;
    for (let index = found.length - 1; index >= 0; index -= 1) {
      const element = this.shown(found[index].id);
      if (element) yield { id: found[index].id, element };
    }
  }

  /** @returns {string} the new element's id */
  add(element, page = this.page) {
    const id = newTxn();
    this.apply([{ op: "put", id, element }], page);
    return id;
  }

  /** Shown at once, and sent as often as needed. What is put on another page than the one that is shown is new there. */
  apply(ops, page = this.page) {
    for (const part of parts(ops)) {
      const entries = part.filter(({ op }) => op !== "order").map((op) => [op.id, this.#entry(op, page)]);
      for (const [id, entry] of entries) this.pending.set(id, entry);
      this.command("whiteboard.apply", { ops: part, page }).then(({ seq } = {}) => {
        for (const [id, entry] of entries) if (seq === undefined) this.#forget(id, entry);
        else entry.seq = seq;
        this.#settle();
      });
    }
    this.#look();
  }

  /** @returns {Promise<any>} the answer; undefined: refused, which was said */
  async command(type, data) {
    try {
      return await this.#session.durable(type, data);
    } catch (error) {
      // Nobody knows whether it arrived, and nothing is lost by doing ops twice.
      if (error.code === "unsure" && type === "whiteboard.apply") return this.command(type, data);
      if (this.#session.status.state !== "ended") toast(`The board did not take that: ${explain(error)}`, { kind: "bad" });
      return undefined;
    }
  }

  get canUndo() {
    return !this.refusal && can(this.store.board.steps, "undo", this.page);
  }

  get canRedo() {
    return !this.refusal && can(this.store.board.steps, "redo", this.page);
  }

  undo() {
    return this.#turnBack("undo");
  }

  redo() {
    return this.#turnBack("redo");
  }

  /** Asked of the room in any case: it knows better. */
  async #turnBack(which) {
    const { page, store } = this;
    // What nobody sees happen would be asked for again and again, and then happen as often.
    if (this.#session.status.state !== "online") return void toast(`Not connected just now: ${which} it when you are back.`);
    const { newest } = store.board.steps;
    const { seq = Infinity } = (await this.command(`whiteboard.${which}`, { page })) ?? {};
    if (store.board.steps.newest !== newest || store.seq < seq) return; // it came, or is about to come
    announce(which === "undo" ? "Nothing is left to undo" : "Nothing is left to redo");
    forgetPage(this.store.board.steps, page, [which]);
    this.emit("change");
  }

  /** Show others what is under way, now and then. @param {{id: string, element: any}[]} things */
  preview(things) {
    const now = performance.now();
    const size = things.reduce((sum, { element }) => sum + (element.points?.length ?? 0), 0);
    if (now - this.#previewAt < PREVIEW_MS * things.length + size / 40) return;
    this.#previewAt = now;
    for (const { id, element } of things) this.tell("whiteboard.preview", { id, element, page: this.page });
  }

  tell(type, data) {
    this.#session.tell(type, data, { droppable: true });
  }

  #entry({ op, id, element, fields }, page) {
    const before = this.shown(id, page);
    if (op === "delete") return { page, element: null, isNew: false };
    if (op === "patch") return { page, element: before ? patched(before, fields) : null, isNew: this.pending.get(id)?.isNew ?? false };
    return { page, element, isNew: !before };
  }

  #forget(id, entry) {
    if (this.pending.get(id) === entry) this.pending.delete(id);
  }

  /** What the log has by now is not on its way any more. */
  #settle() {
    for (const [id, entry] of this.pending) if (entry.seq <= this.store.seq) this.pending.delete(id);
    this.#look();
  }

  #look() {
    const pages = allPages(this.store.board);
    const isWantedThere = pages.includes(this.#wanted);
    if (isWantedThere && this.#wanted !== this.page) this.#turnTo(this.#wanted);
    else if (!pages.includes(this.page) && ![...this.pending.values()].some(({ page }) => page === this.page)) this.#turnTo(pages[0] ?? FIRST_PAGE);
    if (isWantedThere) this.#wanted = "";
    for (const id of this.selection) if (!this.shown(id)) this.selection.delete(id);
    this.emit("change");
    this.emit("draw");
  }
}

/** As many ops as one command takes. */
function* parts(ops) {
  let [part, bytes] = [[], 0];
  for (const op of ops) {
    const length = JSON.stringify(op).length * 1.5;
    if (part.length === OPS || (part.length > 0 && bytes + length > COMMAND_BYTES)) {
      yield part;
      [part, bytes] = [[], 0];
    }
    part.push(op);
    bytes += length;
  }
  if (part.length > 0) yield part;
}
