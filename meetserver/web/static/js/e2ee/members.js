/** Who takes part in the encrypted chat, by the keys that the server told us of, and who we are in it. */
import { forgetIdentity, keepIdentity, recallIdentity } from "./vault.js";
import { makeIdentity, safetyCode } from "./scheme.js";
import { CommandError } from "../room/socket.js";

export class Members {
  room = "";
  self = { participant: "", identity: "" };
  privateKey = null;
  #entered;
  #ready = new Promise((resolve) => (this.#entered = resolve));
  #isRefused = false;
  #keys = new Map();
  #store;
  #session;

  constructor({ store, session }) {
    this.#store = store;
    this.#session = session;
  }

  /** Into a room as its snapshot shows it. */
  async enter(room, participant, keys) {
    this.room = room;
    this.#keys = new Map(Object.entries(keys));
    if (this.self.participant !== participant) {
      if (this.self.participant) void forgetIdentity(room, this.self.participant); // that session has ended
      const kept = await recallIdentity(room, participant);
      const { privateKey, identity } = kept ?? (await makeIdentity());
      if (!kept) await keepIdentity(room, participant, { privateKey, identity });
      this.privateKey = privateKey;
      this.self = { participant, identity };
    }
    this.#isRefused = false;
    if (this.#keys.get(participant) === this.self.identity) this.#ready = Promise.resolve();
    else this.#publish();
    this.#entered(this.#ready);
  }

  /** Settled when we are in, and the others can write to us; rejects with why they cannot, and is tried again by who asks again. */
  whenReady() {
    if (this.#isRefused) this.#publish();
    return this.#ready;
  }

  #publish() {
    const { participant, identity } = this.self;
    this.#isRefused = false;
    this.#ready = this.#session.durable("e2ee.publish", { key: identity }).then(() => this.published({ participant, key: identity }));
    this.#ready.catch(() => (this.#isRefused = true)); // whoever writes is told
  }

  published({ participant, key }) {
    this.#keys.set(participant, key);
  }

  left(participant) {
    this.#keys.delete(participant);
  }

  identityOf(participant) {
    return this.#keys.get(participant);
  }

  /**
   * Who reads a message: all members, or these and ourselves. Nobody gets a key whom our list of people does not show.
   * @param {string[]|null} to @returns {{participant: string, identity: string}[]}
   */
  readers(to) {
    const wanted = to ? [...new Set([...to, this.self.participant])] : [...this.#keys.keys()];
    if (!wanted.every((participant) => this.#keys.has(participant))) throw new CommandError({ code: "not_found", message: "somebody there cannot read encrypted messages" });
    const hidden = wanted.some((participant) => !this.#store.participants.has(participant));
    if (hidden) throw new CommandError({ code: "conflict", message: "somebody who is not in the list of people could read this" });
    return wanted.map((participant) => ({ participant, identity: this.#keys.get(participant) }));
  }

  /** @returns {{participant: string, name: string, identity: string|undefined}[]} all who are here; without a key: they read nothing */
  get everybody() {
    const here = [...this.#store.participants.values()].map(({ id, name }) => ({ participant: id, name, identity: this.#keys.get(id) }));
    const hidden = [...this.#keys].filter(([id]) => !this.#store.participants.has(id)).map(([participant, identity]) => ({ participant, name: "", identity }));
    return [...here, ...hidden];
  }

  /** @returns {Promise<string>} what all members see alike */
  code() {
    return safetyCode(this.room, this.everybody.filter(({ identity }) => identity));
  }
}
