/** The paper of a page: a colour, or ruled. */
import { colorOf } from "./fields.js";

const STEP = 40;

/** @param {CanvasRenderingContext2D} context scaled to units */
export function drawPaper(context, { width, height, background }) {
  context.fillStyle = colorOf(background, "#ffffff");
  context.fillRect(0, 0, width, height);
  if (!["lines", "grid", "dots"].includes(background)) return;
  const [columns, rows] = [width, height].map((side) => Array.from({ length: Math.min(1000, Math.ceil(side / STEP) - 1) }, (_, index) => STEP * (index + 1)));
  context.strokeStyle = "#dee2e6";
  context.lineCap = "round";
  context.lineWidth = background === "dots" ? 4 : 1;
  context.beginPath();
  if (background === "dots") {
    for (const y of rows) for (const x of columns) context.rect(x, y, 0.01, 0.01);
  } else {
    for (const y of rows) (context.moveTo(0, y), context.lineTo(width, y));
    if (background === "grid") for (const x of columns) (context.moveTo(x, 0), context.lineTo(x, height));
  }
  context.stroke();
}
