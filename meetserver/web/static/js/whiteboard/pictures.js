/**
 * The pictures that stand on the board: fetched when one is to be drawn, as large as it is seen, and kept, the newest
 * of them. Emits "come" with the file's id when it can be drawn, also with a better picture, or cannot be had.
 */
import { Emitter } from "../emitter.js";
import { original, thumbnail } from "../http/files.js";

const SMALL_PX = 1024; // the longest side of what the server's own pictures are made with, too
const MOST = 100;
const AT_ONCE = 4;
const AGAIN_MS = 30_000;
const ID = /^[\w-]{1,64}$/;
const LATER = new Set([0, 401, 408, 425, 429]); // and whatever the server is to blame for

/** @typedef {{image: HTMLImageElement | null, isWhole: boolean, isGone: boolean}} Kept `isGone`: there is no such picture */

export class Pictures extends Emitter {
  /** @type {Map<string, Kept>} by file, the one that was drawn last at the end */
  #kept = new Map();
  #waiting = [];
  #underWay = new Set();
  #headers;
  #timers = new Set();

  /** @param {{headers: () => Record<string, string>, bag: any}} parts */
  constructor({ headers, bag }) {
    super();
    this.#headers = headers;
    bag.add(() => this.#timers.forEach(clearTimeout));
  }

  /** @param {string} file @param {number} px how large it is seen @returns {HTMLImageElement | null} null: not yet, or not to be had */
  get(file, px) {
    const kept = this.#kept.get(file);
    if (kept) this.#keep(file, kept); // as the newest
    if (!kept) this.#want(file, false);
    else if (kept.image && !kept.isWhole && px > SMALL_PX && Math.max(kept.image.naturalWidth, kept.image.naturalHeight) >= SMALL_PX) this.#want(file, true);
    return kept?.image ?? null;
  }

  /** One that this page knows already: it was brought from here. @param {HTMLImageElement} image */
  put(file, image) {
    this.#keep(file, { image, isWhole: true, isGone: false });
    this.emit("come", file);
  }

  isGone(file) {
    return this.#kept.get(file)?.isGone ?? false;
  }

  #want(file, isWhole) {
    if (!ID.test(file) || this.#underWay.has(file) || this.#waiting.length === MOST || this.#waiting.some((one) => one.file === file)) return;
    this.#waiting.push({ file, isWhole });
    this.#pump();
  }

  #pump() {
    while (this.#underWay.size < AT_ONCE && this.#waiting.length > 0) void this.#fetch(this.#waiting.shift());
  }

  async #fetch({ file, isWhole }) {
    this.#underWay.add(file);
    try {
      const blob = await (isWhole ? original(file, this.#headers()) : thumbnail(file, SMALL_PX, this.#headers()));
      this.#keep(file, { image: await imageOf(blob), isWhole, isGone: false });
    } catch (error) {
      this.#failed(file, isWhole, error);
    }
    this.#underWay.delete(file);
    this.emit("come", file);
    this.#pump();
  }

  #failed(file, isWhole, { status }) {
    const { image = null } = this.#kept.get(file) ?? {};
    const isGone = image === null && !LATER.has(status) && !(status >= 500); // what has no status is no picture
    this.#keep(file, { image, isWhole, isGone });
    if (isGone || image) return;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.#kept.delete(file);
      this.emit("come", file);
    }, AGAIN_MS);
    this.#timers.add(timer);
  }

  #keep(file, kept) {
    this.#kept.delete(file);
    this.#kept.set(file, kept);
    if (this.#kept.size > MOST) this.#kept.delete(this.#kept.keys().next().value);
  }
}

/** Ready to be drawn. Rejects where it is no picture. @param {Blob} blob @returns {Promise<HTMLImageElement>} */
export async function imageOf(blob) {
  const image = new Image();
  image.src = URL.createObjectURL(blob);
  await image.decode().finally(() => URL.revokeObjectURL(image.src));
  return image;
}
