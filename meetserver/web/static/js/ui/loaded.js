/** A part of a page that comes from the server: while it loads, when it is there, when it does not come. */
import { button, h, notice } from "./dom.js";
import { explain } from "./explain.js";

/**
 * @template T
 * @param {() => Promise<T>} load @param {(value: T, reload: () => Promise<void>) => (Node|string|false|null)[]} render
 * @returns {HTMLElement}
 */
export function loaded(load, render) {
  const place = h("div", { class: "stack", tabindex: "-1", "aria-busy": "true" }, h("p", { class: "muted", text: "Loading…" }));
  const reload = async () => {
    const hadFocus = place.contains(document.activeElement) || document.activeElement === document.body;
    const isFirst = place.getAttribute("aria-busy") === "true";
    try {
      const value = await load();
      place.replaceChildren(...render(value, reload).filter(Boolean));
    } catch (error) {
      place.replaceChildren(notice("bad", explain(error)), h("div", {}, button({ label: "Try again", onClick: () => void reload() })));
    }
    place.removeAttribute("aria-busy");
    if (hadFocus && !isFirst && place.isConnected && !document.querySelector("dialog[open]")) place.focus();
  };
  void reload();
  return place;
}
