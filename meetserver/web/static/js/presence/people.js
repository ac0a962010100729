/** The list of who is here, with roles; a host can give roles. */
import { avatar, h, icon } from "../ui/dom.js";
import { explain } from "../ui/explain.js";
import { toast } from "../ui/toast.js";

export const ROLES = { host: "Host", cohost: "Co-host", participant: "Participant", viewer: "Viewer" };

export class PeoplePanel {
  element = h("div", { class: "people" });
  #list = h("ul", { class: "people-list" });
  #store;
  #session;
  #isStale = false;

  /** @param {{store: any, session: any, bag: any}} parts */
  constructor({ store, session, bag }) {
    this.#store = store;
    this.#session = session;
    this.element.append(this.#list);
    bag.add(store.on("participants", () => this.update()));
    // An open choice must not be replaced under somebody's finger.
    this.#list.addEventListener("focusout", () => setTimeout(() => this.#isStale && this.update()));
  }

  update() {
    this.#isStale = this.#list.contains(document.activeElement) && document.activeElement.tagName === "SELECT";
    if (this.#isStale) return;
    const people = [...this.#store.participants.values()].sort((a, b) => Number(Boolean(b.hand)) - Number(Boolean(a.hand)) || (a.hand_at ?? "").localeCompare(b.hand_at ?? ""));
    this.#list.replaceChildren(...people.map((one) => this.#entry(one)));
  }

  #entry(one) {
    const isSelf = one.id === this.#store.self.participant;
    const states = [one.hand && ["hand", "hand raised"], one.screen && ["screen", "shares a screen"], one.away && ["away", "away"], [one.audio ? "mic" : "mic-off", one.audio ? "microphone on" : "microphone off"]].filter(Boolean);
    return h(
      "li",
      { class: `person${one.away ? " away" : ""}`, data: { participant: one.id } },
      avatar(one.name, one.id),
      h("div", { class: "about" }, h("div", { class: "name", text: isSelf ? `${one.name} (you)` : one.name }), this.#role(one, isSelf)),
      h("div", { class: "states" }, ...states.map(([name, means]) => h("span", { class: name, title: means }, icon(name), h("span", { class: "visually-hidden", text: means })))),
    );
  }

  #role(one, isSelf) {
    if (!this.#store.isHost || isSelf) return h("div", { class: "role", text: one.user || one.role === "host" ? ROLES[one.role] : `${ROLES[one.role]} · guest` });
    const choice = h("select", { class: "role", "aria-label": `Role of ${one.name}` }, ...Object.entries(ROLES).map(([role, label]) => h("option", { value: role, selected: role === one.role, text: label })));
    choice.addEventListener("change", () => void this.#setRole(one, choice.value));
    return choice;
  }

  async #setRole(one, role) {
    try {
      await this.#session.durable("participant.set_role", { participant: one.id, role });
      toast(`${one.name} is now ${ROLES[role].toLowerCase()}.`);
    } catch (error) {
      toast(explain(error), { kind: "bad" });
    }
    document.activeElement?.blur();
    this.update();
  }
}
