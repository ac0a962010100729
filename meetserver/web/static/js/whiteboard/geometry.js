/** Where elements are, whether a point is on them, and what moves, resizes and turns them. */
import { angleOf, boxField, colorOf, isPoints, numbers, round, widthOf } from "./fields.js";
import { layOut, sizeOf } from "./lettering.js";

const ofEnds = ([x1, y1, x2, y2]) => ({ x: Math.min(x1, x2), y: Math.min(y1, y2), w: Math.abs(x2 - x1), h: Math.abs(y2 - y1) });
const stroke = (element) => (isPoints(element.points) ? ofPoints(element.points) : null);
const straight = (element) => {
  const ends = numbers(element, "x1", "y1", "x2", "y2");
  return ends && ofEnds(ends);
};
const written = (element) => layOut(element)?.box ?? null;
const BOXES = { stroke, highlighter: stroke, line: straight, arrow: straight, rectangle: boxField, ellipse: boxField, diamond: boxField, image: boxField, text: written, note: written };

/** @type {WeakMap<any, any>} elements are never changed in place */
const boxes = new WeakMap();

/** Before it is turned. @returns {{x: number, y: number, w: number, h: number} | null} null: nothing that can be drawn */
export function boxOf(element) {
  if (element === null || typeof element !== "object") return null;
  if (!boxes.has(element)) boxes.set(element, Object.hasOwn(BOXES, element.kind) ? BOXES[element.kind](element) : null);
  return boxes.get(element);
}

function ofPoints(points) {
  const [low, high] = [[Infinity, Infinity], [-Infinity, -Infinity]];
  for (let index = 0; index + 1 < points.length; index += 1) {
    low[index % 2] = Math.min(low[index % 2], points[index]);
    high[index % 2] = Math.max(high[index % 2], points[index]);
  }
  const last = points.length % 2 === 0 ? points.at(-1) : low[1];
  return { x: low[0], y: Math.min(low[1], last), w: high[0] - low[0], h: Math.max(high[1], last) - Math.min(low[1], last) };
}

export const centerOf = ({ x, y, w, h }) => [x + w / 2, y + h / 2];

/** @param {number} degrees clockwise */
export function turned([x, y], [cx, cy], degrees) {
  if (!degrees) return [x, y];
  const [sin, cos] = [Math.sin((degrees * Math.PI) / 180), Math.cos((degrees * Math.PI) / 180)];
  return [cx + (x - cx) * cos - (y - cy) * sin, cy + (x - cx) * sin + (y - cy) * cos];
}

export const cornersOf = ({ x, y, w, h }) => [[x, y], [x + w, y], [x + w, y + h], [x, y + h]];

/** What holds them all, turned as they are; null: none of them can be drawn. */
export function boundsOf(elements) {
  const corners = elements.flatMap((element) => {
    const box = boxOf(element);
    return box ? cornersOf(box).map((corner) => turned(corner, centerOf(box), angleOf(element))) : [];
  });
  return corners.length > 0 ? ofPoints(corners.flat()) : null;
}

const NOWHERE = { x: NaN, y: NaN, w: NaN, h: NaN };

/** All that is drawn of it, with the width of its line and an arrow's head. @returns {{x: number, y: number, w: number, h: number}} NaN: nothing is */
export function extentOf(element) {
  const box = boxOf(element);
  if (!box) return NOWHERE;
  const { x, y, w, h } = angleOf(element) ? boundsOf([element]) : box;
  const reach = element.kind === "arrow" ? 7 + 2.3 * widthOf(element) : 2 + widthOf(element) / 2;
  return { x: x - reach, y: y - reach, w: w + 2 * reach, h: h + 2 * reach };
}

/** What holds a disc. */
export const around = (x, y, radius) => ({ x: x - radius, y: y - radius, w: 2 * radius, h: 2 * radius });

/** Whether a disc touches what is drawn; a shape without fill is only its line. */
export function isHit(element, x, y, radius) {
  const box = boxOf(element);
  if (!box) return false;
  const at = turned([x, y], centerOf(box), -angleOf(element));
  const reach = radius + widthOf(element) / 2;
  if (isOutside(box, at, reach)) return false;
  const { kind } = element;
  if (kind === "stroke" || kind === "highlighter") return touches(element.points, at, reach);
  if (kind === "line" || kind === "arrow") return touches([element.x1, element.y1, element.x2, element.y2], at, reach);
  if (["text", "note", "image"].includes(kind) || colorOf(element.fill, "")) return kind === "ellipse" ? isInEllipse(box, at, reach) : true;
  if (kind === "ellipse") return isInEllipse(box, at, reach) && !isInEllipse(box, at, -reach);
  const corners = kind === "diamond" ? [[box.x + box.w / 2, box.y], [box.x + box.w, box.y + box.h / 2], [box.x + box.w / 2, box.y + box.h], [box.x, box.y + box.h / 2]] : cornersOf(box);
  return touches([...corners, corners[0]].flat(), at, reach);
}

const isOutside = (box, [x, y], reach) => x < box.x - reach || y < box.y - reach || x > box.x + box.w + reach || y > box.y + box.h + reach;

function isInEllipse(box, [x, y], reach) {
  const [cx, cy] = centerOf(box);
  const [rx, ry] = [box.w / 2 + reach, box.h / 2 + reach];
  return rx > 0 && ry > 0 && ((x - cx) / rx) ** 2 + ((y - cy) / ry) ** 2 <= 1;
}

function touches(points, [x, y], reach) {
  if (points.length < 4) return Math.hypot(points[0] - x, points[1] - y) <= reach;
  for (let index = 0; index + 3 < points.length; index += 2) {
    const [ax, ay, bx, by] = points.slice(index, index + 4);
    const length = (bx - ax) ** 2 + (by - ay) ** 2;
    const along = length === 0 ? 0 : Math.max(0, Math.min(1, ((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / length));
    if (Math.hypot(ax + along * (bx - ax) - x, ay + along * (by - ay) - y) <= reach) return true;
  }
  return false;
}

/** The fields that take an element from one box into another: moved, and as much larger. */
export function fitted(element, from, to) {
  const [sx, sy] = [from.w ? to.w / from.w : 1, from.h ? to.h / from.h : 1];
  const px = (x) => round(to.x + (x - from.x) * sx);
  const py = (y) => round(to.y + (y - from.y) * sy);
  switch (element.kind) {
    case "stroke":
    case "highlighter":
      return { points: element.points.map((value, index) => (index % 2 ? py(value) : px(value))) };
    case "line":
    case "arrow":
      return { x1: px(element.x1), y1: py(element.y1), x2: px(element.x2), y2: py(element.y2) };
    case "text":
      return { x: px(element.x), y: py(element.y), ...(sx === 1 && sy === 1 ? {} : { size: round(Math.max(6, sizeOf(element) * sy)) }), ...(element.w && sx !== 1 ? { w: round(element.w * sx) } : {}) };
    default: {
      const { x, y, w, h } = boxOf(element);
      return { x: px(x), y: py(y), w: round(w * sx), h: round(h * sy) };
    }
  }
}

export const movedBy = (element, dx, dy) => fitted(element, { x: 0, y: 0, w: 0, h: 0 }, { x: dx, y: dy, w: 0, h: 0 });
