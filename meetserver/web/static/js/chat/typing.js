/** Tells the others that we are writing, and shows who of them is. */
import { h } from "../ui/dom.js";

const EVERY_MS = 3000;

export class Typing {
  #toldAt = 0;
  #timer;
  #session;

  /** @param {{session: any, bag: any}} parts */
  constructor({ session, bag }) {
    this.#session = session;
    bag.add(() => clearTimeout(this.#timer));
  }

  wrote(text) {
    if (!text) return void this.tell(false);
    if (performance.now() - this.#toldAt > EVERY_MS) this.tell(true);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.tell(false), EVERY_MS + 1000);
  }

  tell(isOn) {
    if (!isOn && this.#toldAt === 0) return;
    if (!isOn) clearTimeout(this.#timer);
    this.#toldAt = isOn ? performance.now() : 0;
    this.#session.tell("chat.typing", { on: isOn }, { droppable: true });
  }
}

/** @param {{store: any, bag: any}} parts @returns {HTMLElement} */
export function whoWrites({ store, bag }) {
  const element = h("p", { class: "typing", "aria-live": "off" });
  const update = () => {
    const names = [...store.chat.typing.keys()].filter((id) => id !== store.self.participant).map((id) => store.participants.get(id)?.name).filter(Boolean);
    const shown = names.slice(0, 2).join(" and ");
    element.textContent = names.length === 0 ? "" : names.length > 2 ? "Several people are writing…" : `${shown} ${names.length === 1 ? "is" : "are"} writing…`;
  };
  bag.add(store.on("typing", update));
  return element;
}
