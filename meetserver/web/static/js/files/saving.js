/** Saving a file by the browser itself, which holds none of it in memory. */
import { linkTo } from "../http/files.js";
import { h } from "../ui/dom.js";

/** @param {{id: string, name: string}} file @param {import("./access.js").Access} access */
export async function save({ id, name }, access) {
  h("a", { href: await linkTo(id, access.headers()), download: name, target: "_self" }).click();
}
