/** A page of several sections, each with an address of its own: their list, and the one that is shown. */
import { h, icon, setTitle, show } from "./dom.js";

let shown = null;

/**
 * @param {{title: string, base: string, sections: Record<string, {title: string, icon: string, view: () => Node}>, current: string}} what
 *   sections by the last part of their address; "" is the one at `base`
 */
export function showSections({ title, base, sections, current }) {
  const section = sections[current];
  setTitle(`${section.title} · ${title}`);
  const heading = h("h1", { tabindex: "-1", text: section.title });
  const links = Object.entries(sections).map(([name, { title: text, icon: picture }]) =>
    h("li", {}, h("a", { href: name ? `${base}/${name}` : base, "aria-current": name === current ? "page" : null }, icon(picture), text)),
  );
  const isMove = shown === base && document.querySelector(".sections");
  show(h("div", { class: "page sections" }, h("nav", { "aria-label": title }, h("ul", {}, ...links)), h("div", { class: "stack" }, heading, section.view())));
  shown = base;
  if (isMove) heading.focus();
  document.querySelector(".sections [aria-current]").scrollIntoView({ block: "nearest", inline: "center" });
}

/** One thing of a section, with its heading. */
export function card(title, ...children) {
  const id = `card-${title.toLowerCase().replace(/[^a-z]+/g, "-")}`;
  return h("section", { class: "card stack", "aria-labelledby": id }, h("h2", { id, text: title }), ...children);
}
