/** Names after an @, offered while one writes. */
import { announce, avatar, h } from "../ui/dom.js";
import { reachable } from "./people.js";

const OFFERED = 6;
const SOUGHT = /(?:^|\s)@([^@\n]{0,40})$/;
const MOST = 50;

export class Completion {
  element = h("ul", { class: "completion", role: "listbox", id: "chat-completion", "aria-label": "People", hidden: true });
  #store;
  #input;
  #offered = [];
  #at = 0;
  /** @type {Map<string, string>} ids by name, of those who were chosen */
  #chosen = new Map();

  /** @param {{store: any, input: HTMLTextAreaElement}} parts */
  constructor({ store, input }) {
    this.#store = store;
    this.#input = input;
    input.setAttribute("aria-autocomplete", "list");
    input.setAttribute("aria-controls", this.element.id);
    input.addEventListener("blur", () => this.close());
  }

  /** @returns {string[]} whom this text mentions: those chosen whose names still stand in it */
  mentionedIn(text) {
    const found = [...this.#chosen].filter(([name]) => text.includes(`@${name}`)).map(([, id]) => id);
    this.#chosen.clear();
    return [...new Set(found)].slice(0, MOST);
  }

  update() {
    const sought = SOUGHT.exec(this.#input.value.slice(0, this.#input.selectionStart))?.[1];
    if (sought === undefined) return this.close();
    const start = sought.toLocaleLowerCase();
    this.#offered = reachable(this.#store).filter(({ name }) => [name, ...name.split(/\s+/)].some((part) => part.toLocaleLowerCase().startsWith(start))).slice(0, OFFERED);
    this.#at = 0;
    this.#show();
    if (this.#offered.length > 0) announce(`${this.#offered.length} people. ${this.#offered[0].name}`);
    return undefined;
  }

  close() {
    this.#offered = [];
    this.#show();
  }

  /** @returns {boolean} whether the key was ours */
  key(event) {
    if (this.#offered.length === 0) return false;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) this.#move(step);
    else if (event.key === "Enter" || event.key === "Tab") this.#choose(this.#offered[this.#at]);
    else if (event.key === "Escape") this.close();
    else return false;
    event.preventDefault();
    event.stopPropagation();
    return true;
  }

  #move(step) {
    this.#at = (this.#at + step + this.#offered.length) % this.#offered.length;
    this.#show();
    announce(this.#offered[this.#at].name);
  }

  #choose({ id, name }) {
    const { value, selectionStart } = this.#input;
    const before = value.slice(0, selectionStart);
    const start = before.lastIndexOf("@");
    const text = `${before.slice(0, start)}@${name} `;
    this.#chosen.set(name, id);
    this.#input.value = text + value.slice(selectionStart);
    this.#input.setSelectionRange(text.length, text.length);
    this.#input.focus();
    this.close();
  }

  #show() {
    this.element.hidden = this.#offered.length === 0;
    const options = this.#offered.map((one, index) =>
      h("li", { role: "option", id: `chat-completion-${index}`, "aria-selected": String(index === this.#at), on: { mousedown: (event) => (event.preventDefault(), this.#choose(one)) } }, avatar(one.name, one.id), h("span", { text: one.name }), one.isAway && h("span", { class: "muted", text: "away" })),
    );
    this.element.replaceChildren(...options);
    if (options.length > 0) this.#input.setAttribute("aria-activedescendant", options[this.#at].id);
    else this.#input.removeAttribute("aria-activedescendant");
  }
}
