/** Which part of the page is seen, and how large: between the board's units and the desk's pixels. */

const MARGIN_PX = 10;
const CLOSEST = 12;

export class View {
  scale = 1;
  x = 0;
  y = 0;
  isFit = true;
  size = { width: 0, height: 0 };
  sheet = { width: 1600, height: 900 };

  /** @param {{width: number, height: number}} size of the desk, in pixels @param {{width: number, height: number}} sheet in units */
  adjust(size, sheet) {
    if (size.width === this.size.width && size.height === this.size.height && sheet.width === this.sheet.width && sheet.height === this.sheet.height) return;
    Object.assign(this, { size, sheet: { width: sheet.width, height: sheet.height } });
    if (this.isFit) this.fit();
    else this.#keepNear();
  }

  get #fitting() {
    return Math.min((this.size.width - 2 * MARGIN_PX) / this.sheet.width, (this.size.height - 2 * MARGIN_PX) / this.sheet.height);
  }

  fit() {
    this.isFit = true;
    this.scale = Math.max(0.001, this.#fitting);
    this.x = (this.size.width - this.sheet.width * this.scale) / 2;
    this.y = (this.size.height - this.sheet.height * this.scale) / 2;
  }

  /** What is seen, to come back to. */
  get place() {
    const { x, y, scale, isFit } = this;
    return { x, y, scale, isFit };
  }

  /** @param {{x: number, y: number, scale: number, isFit: boolean}} place */
  take(place) {
    Object.assign(this, place);
    if (this.isFit) this.fit();
    else this.#keepNear();
  }

  /** @returns {[number, number]} in units */
  toBoard(px, py) {
    return [(px - this.x) / this.scale, (py - this.y) / this.scale];
  }

  /** @returns {[number, number]} in pixels of the desk */
  toDesk(x, y) {
    return [x * this.scale + this.x, y * this.scale + this.y];
  }

  /** By a factor, with what is at this place of the desk staying there. */
  zoom(factor, [px, py] = [this.size.width / 2, this.size.height / 2]) {
    const scale = Math.min(CLOSEST, Math.max(this.#fitting / 2, this.scale * factor));
    const [x, y] = this.toBoard(px, py);
    Object.assign(this, { scale, x: px - x * scale, y: py - y * scale, isFit: false });
    this.#keepNear();
  }

  pan(dx, dy) {
    Object.assign(this, { x: this.x + dx, y: this.y + dy, isFit: false });
    this.#keepNear();
  }

  /** Never so far out that nothing of the page is seen. */
  #keepNear() {
    const [w, h] = [this.sheet.width * this.scale, this.sheet.height * this.scale];
    this.x = Math.min(this.size.width - 60, Math.max(60 - w, this.x));
    this.y = Math.min(this.size.height - 60, Math.max(60 - h, this.y));
  }
}
