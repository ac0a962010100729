/**
 * What the server has of a meeting's files, as far as somebody has looked: kept fresh as a whole. Topics: `change`;
 * `arrived` with the files that others have brought since the last look.
 */
import { Emitter } from "../emitter.js";
import { listFiles } from "../http/files.js";

const PAGE = 30;
const PAGE_MOST = 100; // what the server gives at once, docs/limits.md

export class Listing extends Emitter {
  /** @type {any[]} newest first */
  items = [];
  hasMore = false;
  isLoaded = false;
  /** Why the last look failed; what was known before stays. */
  error = null;
  #access;
  #wanted = PAGE;
  #asked = 0;

  /** @param {import("./access.js").Access} access */
  constructor(access) {
    super();
    this.#access = access;
  }

  /** Never throws. */
  async refresh() {
    const mine = ++this.#asked;
    try {
      const { items: read, next } = await this.#read(this.#wanted);
      if (mine !== this.#asked) return;
      const items = read.map(this.#access.known);
      const newest = Date.parse(this.items[0]?.created_at ?? 0);
      const arrived = items.filter((file) => Date.parse(file.created_at) > newest && this.#access.whoBrought(file) !== "you");
      if (this.isLoaded && arrived.length > 0) this.emit("arrived", arrived);
      Object.assign(this, { items, hasMore: next !== null, isLoaded: true, error: null });
    } catch (error) {
      if (mine !== this.#asked) return;
      this.error = error;
    }
    this.emit("change");
  }

  more() {
    this.#wanted = this.items.length + PAGE;
    return this.refresh();
  }

  async #read(count) {
    const items = [];
    let next = null;
    do {
      const page = await listFiles(this.#access.meeting, { limit: Math.min(PAGE_MOST, count - items.length), cursor: next }, this.#access.headers());
      items.push(...page.items);
      next = page.next;
    } while (next && items.length < count);
    return { items, next };
  }
}
