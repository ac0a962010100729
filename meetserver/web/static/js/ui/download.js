/** Something that the page made, as a file. */
import { h } from "./dom.js";

export function download(name, type, text) {
  const url = URL.createObjectURL(new Blob([text], { type }));
  h("a", { href: url, download: name, target: "_self" }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000); // once it was surely read
}
