/** Where somebody else points, with their name. */
import { hue } from "../ui/dom.js";

/** @param {CanvasRenderingContext2D} context scaled to units */
export function drawPointer(context, { x, y }, { id, name }, { scale, sheet }) {
  const size = 15 / scale;
  context.fillStyle = `hsl(${hue(id)} 70% 27%)`;
  context.beginPath();
  context.moveTo(x, y);
  context.lineTo(x + size * 0.95, y + size * 0.4);
  context.lineTo(x + size * 0.4, y + size * 0.95);
  context.closePath();
  context.fill();
  context.font = `600 ${size * 0.85}px system-ui, sans-serif`;
  const shown = name.length > 24 ? `${name.slice(0, 23)}…` : name;
  const width = context.measureText(shown).width + size * 0.8;
  const left = Math.min(x + size * 0.7, sheet.width - width);
  const top = Math.min(y + size * 0.9, sheet.height - size * 1.4);
  context.beginPath();
  context.roundRect(left, top, width, size * 1.35, size * 0.4);
  context.fill();
  context.fillStyle = "#fff";
  context.textBaseline = "middle";
  context.textAlign = "left";
  context.fillText(shown, left + size * 0.4, top + size * 0.7);
}
