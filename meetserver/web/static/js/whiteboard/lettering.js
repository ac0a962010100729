/** Texts and sticky notes: broken into lines as the server's pictures break them, and as high. */
import { colorOf, boxField, INK, numbers, textOf, within } from "./fields.js";

export const FONTS = "system-ui, 'DejaVu Sans', 'Noto Sans', 'Liberation Sans', Arial, sans-serif";
export const LINE_HEIGHT = 1.3;
export const TEXT_SIZE = 28;
export const NOTE_SIZE = 24;
export const NOTE_MARGIN = 14;
export const NOTE_PAPER = "#ffe066";
const MAX_LINES = 2000;
const MAX_ALT = 60;

/** @type {CanvasRenderingContext2D | undefined} made with the first text, as boards are folded without a page, too */
let canvas;

function measureAt(size) {
  canvas ??= document.createElement("canvas").getContext("2d");
  canvas.font = `${size}px ${FONTS}`;
}

const widthOf = (text) => canvas.measureText(text).width;
/** @type {WeakMap<any, any>} how each element's text is laid out */
const laid = new WeakMap();

export const sizeOf = (element) => within(element.size, element.kind === "note" ? NOTE_SIZE : TEXT_SIZE, 6, 400);

/** @returns {{lines: string[], size: number, box: {x: number, y: number, w: number, h: number}} | null} */
export function layOut(element) {
  if (!laid.has(element)) laid.set(element, element.kind === "note" ? layOutNote(element) : layOutText(element));
  return laid.get(element);
}

function layOutText(element) {
  const at = numbers(element, "x", "y");
  if (!at || !textOf(element).trim()) return null;
  const size = sizeOf(element);
  const room = within(element.w, 0, 0, 1e6);
  measureAt(size);
  const lines = room ? broken(textOf(element), room) : textOf(element).split("\n").slice(0, MAX_LINES);
  const widest = lines.reduce((most, line) => Math.max(most, widthOf(line)), 0);
  return { lines, size, box: { x: at[0], y: at[1], w: room || widest, h: size * LINE_HEIGHT * lines.length } };
}

function layOutNote(element) {
  const box = boxField(element);
  if (!box) return null;
  const size = sizeOf(element);
  measureAt(size);
  const room = box.w - 2 * NOTE_MARGIN;
  const lines = room > size ? broken(textOf(element), room) : [];
  return { lines: lines.slice(0, Math.max(0, Math.floor((box.h - 2 * NOTE_MARGIN) / (size * LINE_HEIGHT)))), size, box };
}

/** In lines no wider than `room`; a word that is wider is broken, too. */
function broken(text, room) {
  const lines = [];
  for (const paragraph of text.split("\n")) {
    let line = "";
    for (const word of paragraph.split(/(?<= )/).flatMap((one) => parts(one, room))) {
      if (line && widthOf((line + word).trimEnd()) > room) {
        lines.push(line.trimEnd());
        line = "";
      }
      line += word;
    }
    lines.push(line.trimEnd());
    if (lines.length >= MAX_LINES) break;
  }
  return lines;
}

function parts(word, room) {
  if (widthOf(word.trimEnd()) <= room) return [word];
  const found = [""];
  for (const letter of word) {
    if (found.at(-1) && widthOf(found.at(-1) + letter) > room) found.push("");
    found.push(found.pop() + letter);
  }
  return found;
}

/** As much of one line as has room. */
export function shortened(text, size, room) {
  measureAt(size);
  const letters = [...text.slice(0, MAX_ALT)];
  while (letters.length > 0 && widthOf(letters.join("")) > room) letters.pop();
  return letters.join("");
}

export function drawText(context, element) {
  const { lines, size, box } = layOut(element);
  write(context, lines, box, size, element.align, colorOf(element.color));
}

export function drawNote(context, element) {
  const { lines, size, box } = layOut(element);
  context.fillStyle = colorOf(element.color, NOTE_PAPER);
  context.beginPath();
  context.roundRect(box.x, box.y, box.w, box.h, 4);
  context.fill();
  const inner = { x: box.x + NOTE_MARGIN, y: box.y + NOTE_MARGIN, w: box.w - 2 * NOTE_MARGIN, h: box.h };
  write(context, lines, inner, size, element.align, INK);
}

function write(context, lines, box, size, align, color) {
  context.font = `${size}px ${FONTS}`;
  context.fillStyle = color;
  context.textBaseline = "alphabetic";
  context.textAlign = ["center", "right"].includes(align) ? align : "left";
  const x = box.x + { left: 0, center: box.w / 2, right: box.w }[context.textAlign];
  lines.forEach((line, index) => context.fillText(line, x, box.y + size * (1 + LINE_HEIGHT * index)));
  context.textAlign = "left";
}
