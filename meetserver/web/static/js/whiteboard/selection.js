/** The frame around what is selected, and its handles. */
import { angleOf } from "./fields.js";
import { boundsOf, boxOf, centerOf, turned } from "./geometry.js";

const HANDLE_PX = 9;
const REACH_PX = 14;
const STALK_PX = 26;
const PAD_PX = 4;
/** How far along the box each handle stands. */
const PLACES = { nw: [0, 0], ne: [1, 0], se: [1, 1], sw: [0, 1], n: [0.5, 0], e: [1, 0.5], s: [0.5, 1], w: [0, 0.5] };

/** @returns {{box: any, angle: number} | null} one element's frame is turned with it */
export function frameOf(selected) {
  const sound = selected.map(({ element }) => element).filter((element) => boxOf(element));
  if (sound.length === 1) return { box: boxOf(sound[0]), angle: angleOf(sound[0]) };
  const box = boundsOf(sound);
  return box && { box, angle: 0 };
}

/** @param {{only: any}} how `only`: the element that is selected alone, which can be turned @returns {Record<string, [number, number]>} by name */
export function handlesOf({ box, angle }, scale, { only }) {
  const pad = PAD_PX / scale;
  const outer = { x: box.x - pad, y: box.y - pad, w: box.w + 2 * pad, h: box.h + 2 * pad };
  const hasSides = only?.kind !== "image" && Math.min(outer.w, outer.h) * scale >= 40; // a picture keeps its shape
  const places = Object.entries(PLACES).filter(([name]) => name.length === 2 || hasSides);
  const found = Object.fromEntries(places.map(([name, [fx, fy]]) => [name, [outer.x + outer.w * fx, outer.y + outer.h * fy]]));
  if (only) found.turn = [outer.x + outer.w / 2, outer.y - STALK_PX / scale];
  return Object.fromEntries(Object.entries(found).map(([name, at]) => [name, turned(at, centerOf(box), angle)]));
}

export function handleAt(handles, [x, y], scale) {
  return Object.entries(handles).find(([, [hx, hy]]) => Math.hypot(hx - x, hy - y) * scale <= REACH_PX)?.[0];
}

/** The box after a handle of it was taken to (x, y), in its own, unturned frame. */
export function stretched(box, handle, [x, y], { isEven }) {
  const [fx, fy] = PLACES[handle];
  const far = [box.x + box.w * (1 - fx), box.y + box.h * (1 - fy)];
  let w = fx === 0.5 ? box.w : Math.max(1, Math.abs(x - far[0]));
  let h = fy === 0.5 ? box.h : Math.max(1, Math.abs(y - far[1]));
  if (isEven && fx !== 0.5 && fy !== 0.5 && box.w > 0 && box.h > 0) {
    const factor = Math.max(w / box.w, h / box.h);
    [w, h] = [box.w * factor, box.h * factor];
  }
  return { x: fx === 0.5 ? box.x : fx === 1 ? far[0] : far[0] - w, y: fy === 0.5 ? box.y : fy === 1 ? far[1] : far[1] - h, w, h };
}

/** @param {CanvasRenderingContext2D} context scaled to units */
export function drawFrame(context, frame, scale, how) {
  const handles = handlesOf(frame, scale, how);
  context.save();
  context.strokeStyle = "#3b5bdb";
  context.fillStyle = "#ffffff";
  context.lineWidth = 1.5 / scale;
  context.beginPath();
  for (const name of ["nw", "ne", "se", "sw"]) context.lineTo(...handles[name]);
  context.closePath();
  context.stroke();
  for (const [name, [x, y]] of how.isShut ? [] : Object.entries(handles)) {
    context.beginPath();
    if (name === "turn") context.arc(x, y, HANDLE_PX / 2 / scale, 0, 2 * Math.PI);
    else context.rect(x - HANDLE_PX / 2 / scale, y - HANDLE_PX / 2 / scale, HANDLE_PX / scale, HANDLE_PX / scale);
    context.fill();
    context.stroke();
  }
  context.restore();
}
