/** Draws elements, of whatever kind, onto a canvas that is scaled to the board's units: the one way they look. */
import { angleOf, colorOf, textOf, widthOf, within } from "./fields.js";
import { boxOf, centerOf } from "./geometry.js";
import { drawNote, drawText, FONTS, shortened } from "./lettering.js";

const HIGHLIGHTER_OPACITY = 0.4;

const DRAWN = {
  stroke: (context, element) => (curve(context, element.points), context.stroke()),
  highlighter: (context, element) => {
    context.globalAlpha *= HIGHLIGHTER_OPACITY;
    curve(context, element.points);
    context.stroke();
  },
  line: (context, { x1, y1, x2, y2 }) => (path(context, [[x1, y1], [x2, y2]]), context.stroke()),
  arrow: (context, element) => (arrow(context, element), context.stroke()),
  rectangle: (context, element, { x, y, w, h }) => filled(context, element, () => context.rect(x, y, w, h)),
  ellipse: (context, element, { x, y, w, h }) => filled(context, element, () => context.ellipse(x + w / 2, y + h / 2, w / 2, h / 2, 0, 0, 2 * Math.PI)),
  diamond: (context, element, { x, y, w, h }) => filled(context, element, () => path(context, [[x + w / 2, y], [x + w, y + h / 2], [x + w / 2, y + h], [x, y + h / 2]], { isClosed: true })),
  text: drawText,
  note: drawNote,
  image,
};

/**
 * Nothing for a kind that is not known, or fields without which it has no place.
 * @param {CanvasRenderingContext2D} context @param {any} element @param {import("./pictures.js").Pictures} pictures
 */
export function draw(context, element, pictures) {
  const box = boxOf(element);
  if (!box) return;
  context.save();
  context.globalAlpha = within(element.opacity, 1, 0, 1);
  const angle = angleOf(element);
  if (angle) {
    const [x, y] = centerOf(box);
    context.translate(x, y);
    context.rotate((angle * Math.PI) / 180);
    context.translate(-x, -y);
  }
  context.strokeStyle = colorOf(element.color);
  context.lineWidth = widthOf(element);
  context.lineCap = context.lineJoin = "round";
  DRAWN[element.kind](context, element, box, pictures);
  context.restore();
}

/** From the middle of two points to the middle of the next two, each point pulling. */
function curve(context, points) {
  context.beginPath();
  context.moveTo(points[0], points[1]);
  if (points.length < 4) context.lineTo(points[0] + 0.01, points[1]);
  let index = 2;
  for (; index + 3 < points.length; index += 2) {
    context.quadraticCurveTo(points[index], points[index + 1], (points[index] + points[index + 2]) / 2, (points[index + 1] + points[index + 3]) / 2);
  }
  if (index + 1 < points.length) context.lineTo(points[index], points[index + 1]);
}

function path(context, [first, ...others], { isClosed = false } = {}) {
  context.beginPath();
  context.moveTo(...first);
  for (const point of others) context.lineTo(...point);
  if (isClosed) context.closePath();
}

function arrow(context, element) {
  const { x1, y1, x2, y2 } = element;
  path(context, [[x1, y1], [x2, y2]]);
  const length = Math.hypot(x2 - x1, y2 - y1);
  if (length === 0) return;
  const head = Math.min(10 + 3.5 * widthOf(element), 0.6 * length) / length;
  const [dx, dy] = [(x2 - x1) * head, (y2 - y1) * head];
  context.moveTo(x2 - dx + dy / 2, y2 - dy - dx / 2);
  context.lineTo(x2, y2);
  context.lineTo(x2 - dx - dy / 2, y2 - dy + dx / 2);
}

function filled(context, element, trace) {
  context.beginPath();
  trace();
  const fill = colorOf(element.fill, "");
  if (fill) {
    context.fillStyle = fill;
    context.fill();
  }
  context.stroke();
}

function image(context, element, box, pictures) {
  const { x, y, w, h } = box;
  const found = pictures.get(textOf({ text: element.file }), Math.max(w, h) * context.getTransform().a);
  if (found) context.drawImage(found, x, y, w, h);
  else frame(context, element, box);
}

/** What stands for an image that is not there, or not yet. */
function frame(context, element, { x, y, w, h }) {
  context.fillStyle = "#f1f3f5";
  context.fillRect(x, y, w, h);
  context.strokeStyle = "#868e96";
  context.lineWidth = 2;
  context.setLineDash([8, 6]);
  context.strokeRect(x, y, w, h);
  context.font = `16px ${FONTS}`;
  context.fillStyle = "#868e96";
  context.textAlign = "center";
  context.fillText(shortened(textOf({ text: element.alt }), 16, w), x + w / 2, y + h / 2);
}
