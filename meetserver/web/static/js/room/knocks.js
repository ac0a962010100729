/** For hosts and co-hosts: that somebody waits to be let in, with the answer at hand. */
import { avatar, announce, button, h } from "../ui/dom.js";

export class Knocks {
  #text = h("p");
  #face = h("span");
  #store;
  #first = null; // whom the notice names: an answer is about nobody else
  #one;
  #several;
  element;

  /** @param {{store: any, moderation: any, bag: any, showQueue: () => void}} parts */
  constructor({ store, moderation, bag, showQueue }) {
    this.#store = store;
    this.#one = h("div", { class: "row" }, button({ label: "Deny", onClick: () => void moderation.deny(this.#first) }), button({ label: "Admit", class: "primary", onClick: () => void moderation.admit(this.#first) }));
    this.#several = h("div", { class: "row" }, button({ label: "See who", onClick: showQueue }), button({ label: "Admit all", class: "primary", onClick: () => void moderation.admitAll() }));
    this.element = h("section", { class: "knocks", "aria-label": "Waiting to be let in", hidden: true }, this.#face, this.#text, this.#one, this.#several);
    bag.add(store.on("waiting", () => this.#update()));
    bag.add(store.on("knock", ({ name }) => store.isModerator && announce(`${name} waits to be let in`)));
  }

  #update() {
    const { waiting, isModerator } = this.#store;
    const isShown = isModerator && waiting.size > 0;
    if (!isShown && this.element.contains(document.activeElement)) document.getElementById("main").focus();
    this.element.hidden = !isShown;
    if (!isShown) return;
    [this.#first] = waiting.values();
    const names = [...waiting.values()].map((one) => one.name);
    this.#one.hidden = names.length > 1;
    this.#several.hidden = names.length === 1;
    this.#face.replaceChildren(avatar(this.#first.name, this.#first.id));
    this.#text.textContent = names.length === 1 ? `${names[0]} waits to be let in.` : `${names[0]} and ${names.length - 1} more wait to be let in.`;
  }
}
