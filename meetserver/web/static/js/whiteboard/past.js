/** The board's past: what it was after each of its entries in the room's log. */
import { Emitter } from "../emitter.js";
import { boardAt, eventsAfter } from "../http/board.js";
import { Page } from "./page.js";
import { empty, events } from "./reducer.js";

const PAGE_EVENTS = 500;
const MOST_EVENTS = 20_000; // what was before is one picture
const CHECKPOINTS = 20;

export class Past {
  entries = [];
  /** A store as the board's views read it; of somebody who only looks on. */
  store = Object.assign(new Emitter(), { board: empty(), participants: new Map(), self: {}, room: { settings: {} }, me: { role: "viewer" }, isModerator: false, seq: Infinity });
  index = 0;
  /** Whether there was more, which the meeting does not keep. */
  isCut = false;
  #checkpoints = [];

  /** @param {any} parts with `meeting`, `session`, `store` @param {(part: number) => void} onLoaded how much of it */
  async load(parts, onLoaded) {
    const end = parts.store.seq;
    const start = Math.max(parts.store.room.expired_until ?? 0, end - MOST_EVENTS);
    this.isCut = start > 0 && start === parts.store.room.expired_until;
    if (start > 0) this.store.board = boardOf(await boardAt(parts, start));
    for (let after = start; after < end; ) {
      const { items, next } = await eventsAfter(parts, after, PAGE_EVENTS);
      this.entries.push(...items.filter(({ type }) => type.startsWith("whiteboard.")));
      after = next === null ? end : Number(next.slice(1));
      onLoaded((after - start) / (end - start));
    }
    this.#checkpoints = [copied(this.store.board)];
  }

  get #every() {
    return Math.max(200, Math.ceil(this.entries.length / CHECKPOINTS));
  }

  /** Be after so many entries. */
  goTo(index) {
    if (index < this.index) {
      const at = Math.min(this.#checkpoints.length - 1, Math.floor(index / this.#every));
      this.store.board = copied(this.#checkpoints[at]);
      this.index = at * this.#every;
    }
    while (this.index < index) {
      const entry = this.entries[this.index++];
      events[entry.type]?.(this.store, entry);
      if (this.index % this.#every === 0) this.#checkpoints[this.index / this.#every] ??= copied(this.store.board);
    }
    this.store.emit("pages", {});
    this.store.emit("board", { isReset: true });
  }
}

function copied(board) {
  const pages = new Map([...board.pages].map(([name, page]) => [name, new Page(page.inOrder)]));
  return { ...board, pages, order: [...board.order], sheets: new Map(board.sheets), versions: [...board.versions] };
}

/** @param {{pages: any[]}} shown as the server tells it */
function boardOf({ pages }) {
  const nextZ = Math.max(0, ...pages.map(({ elements }) => Math.floor(elements.at(-1)?.z ?? -1) + 1));
  return { ...empty(), pages: new Map(pages.map(({ id, elements }) => [id, new Page(elements)])), order: pages.map(({ id }) => id), sheets: new Map(pages.map(({ id, elements, ...sheet }) => [id, sheet])), nextZ };
}
