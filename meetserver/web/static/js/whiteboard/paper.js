/** The paper of a page: a colour, or ruled. */
import { colorOf } from "./fields.js";

const STEP = 40;
const MOST = 1000; // rules, either way

/**
 * @param {CanvasRenderingContext2D} context scaled to units
 * @param {{left: number, top: number, right: number, bottom: number}} seen in units: no more of it is ruled
 */
export function drawPaper(context, { width, height, background }, { left, top, right, bottom }) {
  context.fillStyle = colorOf(background, "#ffffff");
  context.fillRect(0, 0, width, height);
  if (!["lines", "grid", "dots"].includes(background)) return;
  const [columns, rows] = [rules(width, left, right), rules(height, top, bottom)];
  context.strokeStyle = "#dee2e6";
  context.lineCap = "round";
  context.lineWidth = background === "dots" ? 4 : 1;
  context.beginPath();
  if (background === "dots") {
    for (const y of rows) for (const x of columns) (context.moveTo(x, y), context.lineTo(x + 0.01, y));
  } else {
    for (const y of rows) (context.moveTo(0, y), context.lineTo(width, y));
    if (background === "grid") for (const x of columns) (context.moveTo(x, 0), context.lineTo(x, height));
  }
  context.stroke();
}

function rules(side, from, to) {
  const count = Math.min(MOST, Math.ceil(side / STEP)) - 1;
  return Array.from({ length: Math.max(0, count) }, (_, index) => STEP * (index + 1)).filter((at) => at >= from - STEP && at <= to + STEP);
}
