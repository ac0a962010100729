/** A piece of a message with what was looked for in it marked. */
import { h } from "../ui/dom.js";

const BEFORE = 40;
const CHARS = 240;

/**
 * @param {string} text @param {number[][]} ranges [start, length] in code points, rising
 * @returns {(Node|string)[]} around the first of them
 */
export function marked(text, ranges) {
  const points = [...text];
  const first = ranges[0]?.[0] ?? 0;
  const start = first > BEFORE * 2 ? first - BEFORE : 0;
  const end = Math.min(points.length, start + CHARS);
  const cut = (from, to) => points.slice(Math.max(from, start), Math.max(Math.min(to, end), start)).join("");
  const parts = [];
  let at = start;
  for (const [begin, length] of ranges) {
    parts.push(cut(at, begin), h("mark", { text: cut(begin, begin + length) }));
    at = begin + length;
  }
  return [start > 0 ? "…" : "", ...parts, cut(at, end), end < points.length ? "…" : ""].filter((part) => part !== "" && part.textContent !== "");
}

/** Where a text has another one, whatever their case. @returns {number[][]} as for `marked` */
export function rangesOf(text, sought) {
  const [points, wanted] = [[...text].map((one) => one.toLocaleLowerCase()), [...sought].map((one) => one.toLocaleLowerCase())];
  const ranges = [];
  for (let at = 0; wanted.length > 0 && at + wanted.length <= points.length; at += 1) {
    if (!wanted.every((one, index) => one === points[at + index])) continue;
    ranges.push([at, wanted.length]);
    at += wanted.length - 1;
  }
  return ranges;
}
