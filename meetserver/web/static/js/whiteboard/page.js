/** One page's elements: by id, and bottom first. */

/** As where nobody says otherwise; sizes in the units of the elements' coordinates. */
export const SHEET = { name: "", width: 1600, height: 900, background: "", locked: false };

let serial = 0;

export class Page {
  /** @type {Map<string, {id: string, element: any, z: number}>} */
  elements = new Map();
  /** Rises when anything but an addition on top happened: what was drawn must be drawn anew. No two pages have the same. */
  version = (serial += 1);
  #sorted = [];
  #isSorted = true;

  /** @param {Iterable<{id: string, element: any, z: number}>} entries */
  constructor(entries = []) {
    for (const { id, element, z } of entries) this.set(id, element, z);
  }

  set(id, element, z) {
    const entry = { id, element, z };
    const isOnTop = this.#isSorted && !this.elements.has(id) && (this.#sorted.length === 0 || z > this.#sorted.at(-1).z);
    this.elements.set(id, entry);
    if (isOnTop) this.#sorted.push(entry);
    else this.#unsort();
  }

  delete(id) {
    if (this.elements.delete(id)) this.#unsort();
  }

  /** Bottom first. */
  get inOrder() {
    if (!this.#isSorted) this.#sorted = [...this.elements.values()].sort((a, b) => a.z - b.z || (a.id < b.id ? -1 : 1));
    this.#isSorted = true;
    return this.#sorted;
  }

  #unsort() {
    this.#isSorted = false;
    this.version = serial += 1;
  }
}
