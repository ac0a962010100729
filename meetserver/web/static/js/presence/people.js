/** The list of who is here and, for hosts and co-hosts, of who waits to be let in. */
import { avatar, button, h, icon } from "../ui/dom.js";
import { follow } from "../ui/keyed.js";
import { openPersonMenu, ROLES } from "./person-menu.js";
import { Queue } from "./queue.js";

export class PeoplePanel {
  element = h("div", { class: "people" });
  #list = h("ul", { class: "people-list", "aria-label": "In the meeting" });
  #entries = new Map();
  #parts;

  /** @param {{store: any, moderation: any, bag: any}} parts */
  constructor(parts) {
    this.#parts = parts;
    this.element.append(new Queue(parts).element, this.#list);
    parts.bag.add(parts.store.on("participants", () => this.update()));
  }

  update() {
    const people = [...this.#parts.store.participants.values()].sort((a, b) => Number(Boolean(b.hand)) - Number(Boolean(a.hand)) || (a.hand_seq ?? 0) - (b.hand_seq ?? 0));
    follow(this.#list, this.#entries, people.map((one) => [one.id, one]), (one) => this.#entry(one));
  }

  #entry({ id, name }) {
    const { store } = this.#parts;
    const isSelf = id === store.self.participant;
    const role = h("div", { class: "role" });
    const states = h("div", { class: "states" });
    const menu = button({ label: `What to do with ${name}`, icon: "more", class: "quiet icon-only", "aria-haspopup": "dialog", onClick: () => openPersonMenu(store.participants.get(id), this.#parts) });
    const element = h("li", { class: "person", data: { participant: id } }, avatar(name, id), h("div", { class: "about" }, h("div", { class: "name", text: isSelf ? `${name} (you)` : name }), role), states, menu);
    let shown = "";
    const update = (one) => {
      element.classList.toggle("away", Boolean(one.away));
      role.textContent = one.user || one.role === "host" ? ROLES[one.role] : `${ROLES[one.role]} · guest`;
      menu.hidden = isSelf || !store.isModerator;
      const now = statesOf(one);
      if (now.join() !== shown) states.replaceChildren(...now.map(([mark, means]) => h("span", { class: mark, title: means }, icon(mark), h("span", { class: "visually-hidden", text: means }))));
      shown = now.join();
    };
    return { element, update };
  }
}

/** @returns {[string, string][]} marks and what they mean */
function statesOf(one) {
  const microphone = one.audio ? ["mic", "microphone on"] : ["mic-off", "microphone off"];
  return [one.hand && ["hand", "hand raised"], one.screen && ["screen", "shares a screen"], one.away && ["away", "away"], microphone].filter(Boolean);
}
