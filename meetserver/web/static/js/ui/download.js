/** Something that the page made, as a file. */
import { h } from "./dom.js";

/** @param {string} name @param {string} type @param {string|Blob} content */
export function download(name, type, content) {
  const url = URL.createObjectURL(new Blob([content], { type }));
  h("a", { href: url, download: name, target: "_self" }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000); // once it was surely read
}
