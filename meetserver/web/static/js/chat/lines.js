/** What happened between the messages: who came and went, what hosts changed. What was before this page came is rebuilt
 * from the room's log, as far as its newest entries of these kinds go. */
import { Emitter } from "../emitter.js";
import { newestEvents } from "../http/chat.js";

const KEPT = 300;
const PAST = 100;
const TYPES = ["participant.joined", "participant.left", "participant.role_set", "room.changed"];
const WENT = { timeout: "lost the connection", removed: "was sent out" };
const ROLES = { host: "a host", cohost: "a co-host" };
const ON_OFF = {
  chat: ["turned the chat on", "turned the chat off"],
  chat_private: ["allowed private messages", "turned private messages off"],
  whiteboard: ["turned the whiteboard on", "turned the whiteboard off"],
  locked: ["locked the meeting", "unlocked the meeting"],
  lobby: ["turned the waiting room on", "turned the waiting room off"],
};

const joinedText = (name) => `${name} joined`;
const leftText = (name, reason) => `${name} ${WENT[reason] ?? "left"}`;
const roleText = (name, role) => `${name} is now ${ROLES[role] ?? `a ${role}`}`;

/** @returns {string[]} what differs between two states of a meeting's settings */
function changesOf(who, before, after) {
  const texts = Object.entries(ON_OFF).flatMap(([name, [on, off]]) => (before[name] === after[name] ? [] : [`${who} ${after[name] ? on : off}`]));
  if (before.chat_mode !== after.chat_mode) texts.push(`${who} ${after.chat_mode === "hosts" ? "let only hosts write in the chat" : "let everybody write in the chat"}`);
  if (before.chat_slow_s !== after.chat_slow_s) texts.push(after.chat_slow_s ? `${who} set slow mode: one message every ${after.chat_slow_s} s` : `${who} turned slow mode off`);
  return texts;
}

/** Emits "line" ({seq, at, text}), and "past" (such lines, rising) when those of before have come. */
export class Lines extends Emitter {
  all = [];
  #meeting;
  #store;
  #past;
  #settings = null;
  #began = 0; // up to here the log knows what this page has not seen
  #isLoaded = false;

  /** @param {{meeting: string, store: any, past: any, bag: any}} parts */
  constructor({ meeting, store, past, bag }) {
    super();
    this.#meeting = meeting;
    this.#store = store;
    this.#past = past;
    bag.add(store.on("joined", ({ id, name }) => id !== store.self.participant && this.#add(joinedText(name))));
    bag.add(store.on("left", ({ participant, reason }) => this.#add(leftText(participant.name, reason))));
    bag.add(store.on("role", ({ name, role }) => this.#add(roleText(name, role))));
    bag.add(store.on("room", ({ by, isReset }) => (isReset ? this.#begin() : this.#changed(by))));
  }

  /** What was before, once: when somebody looks. */
  async load() {
    if (this.#isLoaded || this.#began === 0) return;
    this.#isLoaded = true;
    const began = this.#began;
    try {
      const { items } = await newestEvents(this.#meeting, { types: TYPES, before: began + 1, limit: PAST }, this.#past.headers());
      if (began !== this.#began) return;
      const lines = this.#linesOf(items);
      this.all.unshift(...lines);
      this.emit("past", lines);
    } catch {
      this.#isLoaded = began !== this.#began; // they are missed by nobody; the next look tries again
    }
  }

  #begin() {
    this.all = [];
    this.#began = this.#store.seq;
    this.#settings = { ...this.#store.room.settings };
    const wasLoaded = this.#isLoaded;
    this.#isLoaded = false;
    if (wasLoaded) void this.load();
  }

  #linesOf(events) {
    const names = new Map([...this.#store.chat.people].map(([id, { name }]) => [id, name]));
    for (const { id, name } of this.#store.participants.values()) names.set(id, name);
    for (const { type, data } of events) if (type === "participant.joined") names.set(data.participant.id, data.participant.name);
    const nameOf = (id) => names.get(id) ?? "Somebody";
    let settings = null;
    const textsOf = ({ type, data, by }) => {
      if (type === "participant.joined") return data.participant.id === this.#store.self.participant ? [] : [joinedText(data.participant.name)];
      if (type === "participant.left") return names.has(data.participant) ? [leftText(nameOf(data.participant), data.reason)] : [];
      if (type === "participant.role_set") return [roleText(nameOf(data.participant), data.role)];
      const before = settings;
      settings = data.settings;
      return before ? changesOf(nameOf(by), before, settings) : [];
    };
    return events.flatMap((event) => textsOf(event).map((text) => ({ seq: event.seq, at: event.at, text })));
  }

  #changed(by) {
    const before = this.#settings;
    const after = (this.#settings = { ...this.#store.room.settings });
    if (before) for (const text of changesOf(this.#store.participants.get(by)?.name ?? "Somebody", before, after)) this.#add(text);
  }

  #add(text) {
    const line = { seq: this.#store.seq, at: new Date().toISOString(), text };
    this.all.push(line);
    if (this.all.length > KEPT) this.all.shift();
    this.emit("line", line);
  }
}
