/** What happened between the messages: who came and went, what hosts changed. As far as this page saw it. */
import { Emitter } from "../emitter.js";

const KEPT = 300;
const WENT = { timeout: "lost the connection", removed: "was sent out" };
const ON_OFF = {
  chat: ["turned the chat on", "turned the chat off"],
  chat_private: ["allowed private messages", "turned private messages off"],
  whiteboard: ["turned the whiteboard on", "turned the whiteboard off"],
  locked: ["locked the meeting", "unlocked the meeting"],
  lobby: ["turned the waiting room on", "turned the waiting room off"],
};

/** Emits "line" ({seq, at, text}). */
export class Lines extends Emitter {
  all = [];
  #store;
  #settings = null;

  /** @param {{store: any, bag: any}} parts */
  constructor({ store, bag }) {
    super();
    this.#store = store;
    bag.add(store.on("joined", ({ id, name }) => id !== store.self.participant && this.#add(`${name} joined`)));
    bag.add(store.on("left", ({ participant, reason }) => this.#add(`${participant.name} ${WENT[reason] ?? "left"}`)));
    bag.add(store.on("role", ({ name, role }) => this.#add(`${name} is now ${{ host: "a host", cohost: "a co-host" }[role] ?? `a ${role}`}`)));
    bag.add(store.on("room", ({ by, isReset }) => this.#changed(by, isReset)));
  }

  #changed(by, isReset) {
    const before = this.#settings;
    const after = (this.#settings = { ...this.#store.room.settings });
    if (isReset || !before) return;
    const who = this.#store.participants.get(by)?.name ?? "Somebody";
    for (const [name, [on, off]] of Object.entries(ON_OFF)) if (before[name] !== after[name]) this.#add(`${who} ${after[name] ? on : off}`);
    if (before.chat_mode !== after.chat_mode) this.#add(`${who} ${after.chat_mode === "hosts" ? "let only hosts write in the chat" : "let everybody write in the chat"}`);
    if (before.chat_slow_s !== after.chat_slow_s) this.#add(after.chat_slow_s ? `${who} set slow mode: one message every ${after.chat_slow_s} s` : `${who} turned slow mode off`);
  }

  #add(text) {
    const line = { seq: this.#store.seq, at: new Date().toISOString(), text };
    this.all.push(line);
    if (this.all.length > KEPT) this.all.shift();
    this.emit("line", line);
  }
}
