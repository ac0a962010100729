/** Fields of an element, which other clients fill as they like: what is not sound is as if it were not there. */

const FAR = 1e6;
const MAX_WIDTH = 80;
export const INK = "#1c2033";

const isNumber = (value) => typeof value === "number" && Math.abs(value) <= FAR;

/** @returns {number[] | null} all of them, or none */
export function numbers(element, ...names) {
  const found = names.map((name) => element[name]);
  return found.every(isNumber) ? found : null;
}

export const within = (value, fallback, low, high) => (isNumber(value) ? Math.min(high, Math.max(low, value)) : fallback);
export const colorOf = (value, fallback = INK) => (typeof value === "string" && /^#([0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})$/i.test(value) ? value : fallback);
export const widthOf = (element) => within(element.width, 3, 1, MAX_WIDTH);
export const textOf = (element) => (typeof element.text === "string" ? element.text : "");
export const angleOf = (element) => within(element.angle, 0, -36000, 36000);

export const isPoints = (points) => Array.isArray(points) && points.length >= 2 && points.every(isNumber);

/** Neither `w` nor `h` is negative. */
export function boxField(element) {
  const found = numbers(element, "x", "y", "w", "h");
  if (!found) return null;
  const [x, y, w, h] = found;
  return { x: Math.min(x, x + w), y: Math.min(y, y + h), w: Math.abs(w), h: Math.abs(h) };
}

/** To a tenth of a unit. */
export const round = (value) => Math.round(value * 10) / 10;
