/** One page's elements: by id, bottom first, by place; and what has changed of late. */
import { extentOf } from "./geometry.js";

/** As where nobody says otherwise; sizes in the units of the elements' coordinates. */
export const SHEET = { name: "", width: 1600, height: 900, background: "", locked: false };

const CELL = 256; // units
const CELLS = 1 << 13; // from -1,000,000 to 1,000,000, the ends included
const MOST_CELLS = 64; // what is in more of them stands in none
const REMEMBERED = 256;

const isHigher = (a, b) => a.z - b.z || (a.id < b.id ? -1 : 1);
const cellOf = (value) => Math.floor(Math.max(-1e6, Math.min(1e6, value)) / CELL) + CELLS / 2;

/** @typedef {{id: string, element: any, z: number, extent?: any, asked?: number}} Entry */

export class Page {
  /** @type {Map<string, Entry>} */
  elements = new Map();
  /** How many changes there were; those of `changesSince`. */
  version = 0;
  #sorted = [];
  #isSorted = true;
  #highest = -Infinity; // that any element ever stood at
  /** @type {Map<number, Entry[]> | null} made when it is first asked for */
  #cells = null;
  #large = new Set();
  #asked = 0;
  #changes = [];

  /** @param {Iterable<{id: string, element: any, z: number}>} entries */
  constructor(entries = []) {
    for (const { id, element, z } of entries) this.#put({ id, element, z });
  }

  set(id, element, z) {
    const before = this.elements.get(id);
    const entry = { id, element, z };
    if (before) this.#unplace(before);
    const isOnTop = this.#put(entry);
    if (this.#cells) this.#place(entry);
    if (before) this.#note(before);
    this.#note(entry, isOnTop);
  }

  delete(id) {
    const before = this.elements.get(id);
    if (!before) return;
    this.elements.delete(id);
    this.#isSorted = false;
    this.#unplace(before);
    this.#note(before);
  }

  /** Bottom first. */
  get inOrder() {
    if (!this.#isSorted) this.#sorted = [...this.elements.values()].sort(isHigher);
    this.#isSorted = true;
    return this.#sorted;
  }

  /** Bottom first: what may be seen in this part, and these wherever they are. @param {Iterable<string>} ids @returns {Entry[]} */
  within({ x, y, w, h }, ids = []) {
    const [left, top, right, bottom] = [cellOf(x), cellOf(y), cellOf(x + w), cellOf(y + h)];
    const asked = (this.#asked += 1);
    const found = [];
    const take = (entry) => {
      if (entry.asked === asked) return;
      entry.asked = asked;
      found.push(entry);
    };
    const look = (entry) => {
      const { extent } = entry;
      if (extent.x <= x + w && extent.y <= y + h && extent.x + extent.w >= x && extent.y + extent.h >= y) take(entry);
    };
    const cells = this.#indexed();
    if ((right - left + 1) * (bottom - top + 1) > cells.size) for (const cell of cells.values()) cell.forEach(look);
    else for (let column = left; column <= right; column += 1) for (let row = top; row <= bottom; row += 1) cells.get(column * CELLS + row)?.forEach(look);
    this.#large.forEach(look);
    for (const id of ids) if (this.elements.has(id)) take(this.elements.get(id));
    return found.sort(isHigher);
  }

  /** @returns {{extent: any, entry: Entry, isOnTop: boolean}[] | null} null: too many; anything may have changed */
  changesSince(version) {
    const count = this.version - version;
    return count > this.#changes.length ? null : this.#changes.slice(this.#changes.length - count);
  }

  #put(entry) {
    const isOnTop = !this.elements.has(entry.id) && entry.z > this.#highest;
    this.#highest = Math.max(this.#highest, entry.z);
    this.elements.set(entry.id, entry);
    if (isOnTop && this.#isSorted) this.#sorted.push(entry);
    else this.#isSorted = false;
    return isOnTop;
  }

  #indexed() {
    if (this.#cells) return this.#cells;
    this.#cells = new Map();
    for (const entry of this.elements.values()) this.#place(entry);
    return this.#cells;
  }

  #place(entry) {
    const keys = keysOf(entry);
    if (!keys) return void this.#large.add(entry);
    for (const key of keys) {
      const cell = this.#cells.get(key);
      if (cell) cell.push(entry);
      else this.#cells.set(key, [entry]);
    }
  }

  #unplace(entry) {
    if (!this.#cells || this.#large.delete(entry)) return;
    for (const key of keysOf(entry)) {
      const cell = this.#cells.get(key);
      cell[cell.indexOf(entry)] = cell.at(-1);
      cell.pop();
      if (cell.length === 0) this.#cells.delete(key);
    }
  }

  #note(entry, isOnTop = false) {
    this.version += 1;
    entry.extent ??= extentOf(entry.element);
    this.#changes.push({ entry, extent: entry.extent, isOnTop });
    if (this.#changes.length > 2 * REMEMBERED) this.#changes = this.#changes.slice(-REMEMBERED);
  }
}

/** Of the cells that it is in; null: too many. What cannot be drawn is nowhere. */
function keysOf(entry) {
  const { x, y, w, h } = (entry.extent ??= extentOf(entry.element));
  if (!(w >= 0)) return [];
  const [left, top, right, bottom] = [cellOf(x), cellOf(y), cellOf(x + w), cellOf(y + h)];
  if ((right - left + 1) * (bottom - top + 1) > MOST_CELLS) return null;
  const keys = [];
  for (let column = left; column <= right; column += 1) for (let row = top; row <= bottom; row += 1) keys.push(column * CELLS + row);
  return keys;
}
