/** How much of something that has an end is used, as a sentence and as a bar. */
import { h } from "./dom.js";

const HIGH = 0.8;

/** @param {{label: string, text: string, used: number, most: number}} what `label` for those who do not see the bar */
export function share({ label, text, used, most }) {
  const level = Math.min(1, used / most);
  const bar = h("div", { class: "meter", role: "meter", "aria-label": label, "aria-valuetext": text, "aria-valuemin": 0, "aria-valuemax": most, "aria-valuenow": Math.min(used, most) }, h("i"));
  bar.style.setProperty("--level", String(level));
  return h("div", { class: `share${level > HIGH ? " high" : ""}` }, h("p", { text }), bar);
}
