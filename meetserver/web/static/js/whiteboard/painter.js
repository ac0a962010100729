/**
 * Draws what the log has of a page: what is in sight alone, again where something changed alone, and never longer than
 * a moment at a time. What was drawn before stands in for what is still to come, moved and stretched along.
 */
import { extentOf } from "./geometry.js";
import { draw } from "./shapes.js";

const BLOCK_PX = 512;
const MOST_RECTS = 32;
const SLICE = 16; // elements between two looks at the clock
const FRAME_MS = 24;
const LEAST = 200;
const MOST = 20_000;

/** @typedef {{x: number, y: number, w: number, h: number, isNew?: boolean}} Rect in pixels, from the page's corner: it stays when the view moves; `isNew`: nothing was drawn there yet */

export class Painter {
  #context;
  #scratch = document.createElement("canvas").getContext("2d");
  #pictures;
  #now = { page: null, version: 0, key: "", x: 0, y: 0, scale: 1, sheet: null };
  /** @type {Map<string, any>} what is not to be drawn, and where it stands, by its id */
  #hidden = new Map();
  /** @type {Rect[]} what is to be drawn, the first one next */
  #rects = [];
  #work = null;
  #quota = 1000; // elements a frame
  #workedAt = 0;

  /** @param {HTMLCanvasElement} canvas @param {any} pictures */
  constructor(canvas, pictures) {
    this.#context = canvas.getContext("2d");
    this.#pictures = pictures;
  }

  /**
   * What is to be seen from now on.
   * @param {{page: import("./page.js").Page, sheet: any, place: {x: number, y: number, scale: number}, hidden: Iterable<string>}} what
   *   `place`: of the page's corner, in whole pixels of the canvas; `hidden`: ids
   */
  show({ page, sheet, place, hidden }) {
    const { canvas } = this.#context;
    const key = [sheet.width, sheet.height, canvas.width, canvas.height].join();
    const before = this.#now;
    this.#now = { page, version: page.version, key, sheet, ...place };
    if (page !== before.page || key !== before.key) this.#begin();
    else if (place.scale !== before.scale) this.#stretch(before);
    else if (place.x !== before.x || place.y !== before.y) this.#shift(before);
    const wasHidden = this.#hidden;
    this.#hide(page, hidden);
    const changes = page === before.page ? page.changesSince(before.version) : [];
    if (!changes) return this.#everything();
    for (const { entry, extent, isOnTop } of changes) {
      if (isOnTop && !this.isBusy) this.#add(entry);
      else if (!wasHidden.has(entry.id) || page.elements.has(entry.id)) this.refresh(extent);
    }
    return undefined;
  }

  get isBusy() {
    return this.#work !== null || this.#rects.length > 0;
  }

  /** Draw this part anew. @param {{x: number, y: number, w: number, h: number}} part in units */
  refresh({ x, y, w, h }) {
    const { scale } = this.#now;
    const [left, top] = [Math.floor(x * scale) - 1, Math.floor(y * scale) - 1];
    const [right, bottom] = [Math.ceil((x + w) * scale) + 1, Math.ceil((y + h) * scale) + 1];
    if (left < right) this.#want({ x: left, y: top, w: right - left, h: bottom - top });
  }

  /** For about a frame. @returns {boolean} whether that was all */
  work() {
    if (!this.isBusy) return true;
    const now = performance.now();
    // Browsers draw later than they are told to: how long it took, the time between two frames tells.
    const tookMs = now - this.#workedAt;
    if (tookMs < 1000) this.#quota = Math.max(LEAST, Math.min(MOST, this.#quota * (tookMs > FRAME_MS ? 0.7 : 1.2)));
    this.#workedAt = now;
    for (let left = this.#quota; this.isBusy && left > 0 && performance.now() - now < FRAME_MS / 2; left -= SLICE) {
      this.#work ??= this.#painting(this.#rects.shift());
      if (this.#work.next().done) this.#work = null;
    }
    return !this.isBusy;
  }

  get #inSight() {
    const { width, height } = this.#context.canvas;
    return { x: -this.#now.x, y: -this.#now.y, w: width, h: height };
  }

  #begin() {
    const { canvas } = this.#context;
    this.#context.setTransform(1, 0, 0, 1, 0, 0);
    this.#context.clearRect(0, 0, canvas.width, canvas.height);
    this.#hidden.clear();
    this.#work = null;
    this.#rects = blocks(this.#inSight).map((rect) => ({ ...rect, isNew: true }));
  }

  #everything() {
    this.#work = null;
    this.#rects = blocks(this.#inSight);
  }

  /** The picture as it is, larger or smaller, until it is drawn anew. */
  #stretch({ x, y, scale }) {
    const { width, height } = this.#context.canvas;
    const factor = this.#now.scale / scale;
    this.#move(this.#now.x - x * factor, this.#now.y - y * factor, width * factor, height * factor);
    this.#everything();
  }

  #shift(before) {
    const { width, height } = this.#context.canvas;
    const [dx, dy] = [this.#now.x - before.x, this.#now.y - before.y];
    this.#move(dx, dy, width, height);
    const { x, y } = this.#inSight;
    if (dx !== 0) this.#want({ x: dx > 0 ? x : x + width + dx, y, w: Math.abs(dx), h: height });
    if (dy !== 0) this.#want({ x, y: dy > 0 ? y : y + height + dy, w: width, h: Math.abs(dy) });
  }

  #move(x, y, w, h) {
    const context = this.#context;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.globalCompositeOperation = "copy";
    context.drawImage(context.canvas, x, y, w, h);
    context.globalCompositeOperation = "source-over";
  }

  #hide(page, ids) {
    const old = this.#hidden;
    const there = [...ids].filter((id) => page.elements.has(id));
    this.#hidden = new Map(there.map((id) => [id, old.get(id) ?? extentOf(page.elements.get(id).element)]));
    for (const [id, extent] of this.#hidden) if (!old.has(id)) this.refresh(extent);
    for (const [id, extent] of old) if (!this.#hidden.has(id) && page.elements.has(id)) this.refresh(extent);
  }

  /** To be drawn as well; together with what is near. */
  #want(rect) {
    let wanted = cut(rect, this.#inSight);
    if (!wanted) return;
    const apart = [];
    for (const other of this.#rects) {
      const both = joined(wanted, other);
      if (area(both) <= area(wanted) + area(other)) wanted = both;
      else apart.push({ ...other, isNew: false }); // a part of it is drawn now
    }
    this.#rects = [...blocks(wanted), ...apart]; // what has just changed is looked at
    if (this.#rects.length > MOST_RECTS) this.#rects = blocks(this.#rects.reduce(joined));
  }

  /** On top of all that is there. */
  #add(entry) {
    this.#drawAll(this.#context, this.#now, [entry]);
  }

  *#painting(rect) {
    const wanted = cut(rect, this.#inSight);
    if (!wanted) return;
    const { scale, page } = this.#now;
    const found = page.within({ x: wanted.x / scale, y: wanted.y / scale, w: wanted.w / scale, h: wanted.h / scale });
    if (rect.isNew) yield* this.#paintingAtOnce(wanted, found);
    else yield* this.#paintingAside(wanted, found);
  }

  /** Where nothing was before something is seen as soon as can be. */
  *#paintingAtOnce({ x, y, w, h }, found) {
    for (const some of slices(found)) {
      const context = this.#context;
      context.save();
      context.setTransform(1, 0, 0, 1, this.#now.x, this.#now.y);
      context.beginPath();
      context.rect(x, y, w, h);
      context.clip();
      this.#drawAll(context, this.#now, some);
      context.restore();
      yield;
    }
  }

  /** Half of a picture is not shown where a whole one was. */
  *#paintingAside({ x, y, w, h }, found) {
    const { canvas } = this.#scratch;
    if (canvas.width < w || canvas.height < h) Object.assign(canvas, { width: Math.max(canvas.width, w), height: Math.max(canvas.height, h) });
    this.#scratch.setTransform(1, 0, 0, 1, 0, 0);
    this.#scratch.clearRect(0, 0, w, h);
    for (const some of slices(found)) {
      this.#drawAll(this.#scratch, { x: -x, y: -y }, some);
      yield;
    }
    const [left, top] = [x + this.#now.x, y + this.#now.y];
    this.#context.setTransform(1, 0, 0, 1, 0, 0);
    this.#context.clearRect(left, top, w, h);
    this.#context.drawImage(canvas, 0, 0, w, h, left, top, w, h);
  }

  #drawAll(context, corner, entries) {
    this.#scaled(context, corner, () => {
      for (const { id, element } of entries) if (!this.#hidden.has(id)) draw(context, element, this.#pictures);
    });
  }

  /** In units, with the page's corner there; everybody sees the same part: what is on the page. */
  #scaled(context, { x, y }, act) {
    const { scale, sheet } = this.#now;
    context.save();
    context.setTransform(scale, 0, 0, scale, x, y);
    context.beginPath();
    context.rect(0, 0, sheet.width, sheet.height);
    context.clip();
    act();
    context.restore();
  }
}

function* slices(entries) {
  for (let start = 0; start < entries.length; start += SLICE) yield entries.slice(start, start + SLICE);
}

const area = ({ w, h }) => w * h;

function joined(one, other) {
  const [x, y] = [Math.min(one.x, other.x), Math.min(one.y, other.y)];
  return { x, y, w: Math.max(one.x + one.w, other.x + other.w) - x, h: Math.max(one.y + one.h, other.y + other.h) - y };
}

function cut(one, other) {
  const [x, y] = [Math.max(one.x, other.x), Math.max(one.y, other.y)];
  const [w, h] = [Math.min(one.x + one.w, other.x + other.w) - x, Math.min(one.y + one.h, other.y + other.h) - y];
  return w > 0 && h > 0 ? { x, y, w, h } : null;
}

/** No larger than what is drawn at once. */
function blocks(rect) {
  const [columns, rows] = [Math.ceil(rect.w / BLOCK_PX), Math.ceil(rect.h / BLOCK_PX)];
  const [w, h] = [Math.ceil(rect.w / columns), Math.ceil(rect.h / rows)];
  const found = [];
  for (let row = 0; row < rows; row += 1) for (let column = 0; column < columns; column += 1) found.push(cut({ x: rect.x + column * w, y: rect.y + row * h, w, h }, rect));
  return found.filter(Boolean);
}
