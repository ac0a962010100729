/** Who waits in the lobby, in the order of coming, with the answers beside each. */
import { avatar, button, h } from "../ui/dom.js";
import { follow } from "../ui/keyed.js";

export class Queue {
  #list = h("ul", { class: "people-list", "aria-labelledby": "queue-title" });
  #title = h("h3", { id: "queue-title" });
  #all;
  #entries = new Map();
  #store;
  #moderation;
  element;

  /** @param {{store: any, moderation: any, bag: any}} parts */
  constructor({ store, moderation, bag }) {
    this.#store = store;
    this.#moderation = moderation;
    this.#all = button({ label: "Admit all", class: "small", onClick: () => void moderation.admitAll() });
    this.element = h("section", { class: "queue", "aria-labelledby": this.#title.id, hidden: true }, h("div", { class: "queue-head" }, this.#title, this.#all), this.#list);
    bag.add(store.on("waiting", () => this.update()));
  }

  update() {
    const { waiting, isModerator } = this.#store;
    follow(this.#list, this.#entries, isModerator ? waiting : [], (one) => this.#entry(one));
    this.element.hidden = this.#entries.size === 0;
    this.#all.hidden = this.#entries.size < 2;
    this.#title.textContent = `Waiting (${this.#entries.size})`;
  }

  #entry(one) {
    const element = h(
      "li",
      { class: "person waits", data: { participant: one.id } },
      avatar(one.name, one.id),
      h("div", { class: "about" }, h("div", { class: "name", text: one.name }), h("div", { class: "role", text: one.user ? "Has an account" : "Guest" })),
      button({ label: `Deny ${one.name}`, icon: "close", class: "quiet icon-only", onClick: () => void this.#moderation.deny(one) }),
      button({ label: `Admit ${one.name}`, icon: "check", class: "primary icon-only", onClick: () => void this.#moderation.admit(one) }),
    );
    return { element, update: () => {} };
  }
}
