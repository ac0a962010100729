/** A stroke as an element: {kind: "stroke", points: [x0, y0, x1, y1, …], color, width}, in the board's own units. */

/** The board's size in its own units: everybody sees the same part, whatever their screen. */
export const BOARD = { width: 1600, height: 900 };
export const COLORS = [
  ["#1c2033", "Black"],
  ["#d6336c", "Pink"],
  ["#e8590c", "Orange"],
  ["#2b8a3e", "Green"],
  ["#1c7ed6", "Blue"],
  ["#7048e8", "Violet"],
];
export const WIDTHS = [
  [4, "Thin"],
  [9, "Medium"],
  [20, "Thick"],
];
export const MAX_POINTS = 1200; // an element may have 32 KiB
const PREVIEW_POINTS = 300;
const MAX_WIDTH = 80;

/** What other clients send is checked before it is drawn: numbers only, a colour that is one. */
export function isStroke(element) {
  return element?.kind === "stroke" && Array.isArray(element.points) && element.points.length >= 2 && element.points.every(Number.isFinite);
}

/** @param {CanvasRenderingContext2D} context scaled to the board's units */
export function drawStroke(context, { points, color, width }) {
  context.strokeStyle = /^#[0-9a-f]{3,8}$/i.test(color) ? color : COLORS[0][0];
  context.lineWidth = Math.min(MAX_WIDTH, Math.max(1, Number(width) || 3));
  context.lineCap = "round";
  context.lineJoin = "round";
  context.beginPath();
  context.moveTo(points[0], points[1]);
  if (points.length < 4) context.lineTo(points[0] + 0.01, points[1]);
  let index = 2;
  for (; index + 3 < points.length; index += 2) {
    const middleX = (points[index] + points[index + 2]) / 2;
    const middleY = (points[index + 1] + points[index + 3]) / 2;
    context.quadraticCurveTo(points[index], points[index + 1], middleX, middleY);
  }
  if (index + 1 < points.length) context.lineTo(points[index], points[index + 1]);
  context.stroke();
}

/** A lighter copy of a stroke under way: fewer points, whole numbers. */
export function previewOf(element) {
  const count = element.points.length / 2;
  const step = Math.max(1, Math.ceil(count / PREVIEW_POINTS));
  const points = [];
  for (let index = 0; index < count; index += step) points.push(Math.round(element.points[2 * index]), Math.round(element.points[2 * index + 1]));
  points.push(Math.round(element.points.at(-2)), Math.round(element.points.at(-1)));
  return { ...element, points };
}

/** Whether an eraser at (x, y) touches the stroke. */
export function isHit({ points, width }, x, y, radius) {
  const reach = (radius + (Number(width) || 3) / 2) ** 2;
  if (points.length < 4) return (points[0] - x) ** 2 + (points[1] - y) ** 2 <= reach;
  for (let index = 0; index + 3 < points.length; index += 2) {
    if (distanceSquared(points[index], points[index + 1], points[index + 2], points[index + 3], x, y) <= reach) return true;
  }
  return false;
}

function distanceSquared(ax, ay, bx, by, x, y) {
  const dx = bx - ax;
  const dy = by - ay;
  const length = dx * dx + dy * dy;
  const along = length === 0 ? 0 : Math.max(0, Math.min(1, ((x - ax) * dx + (y - ay) * dy) / length));
  return (ax + along * dx - x) ** 2 + (ay + along * dy - y) ** 2;
}
