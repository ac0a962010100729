/** Own messages on their way: shown at once, gone when the room's log has them, kept for a retry when refused. */
import { Emitter } from "../emitter.js";
import { newTxn } from "../room/session.js";
import { explain } from "../ui/explain.js";

export class Outbox extends Emitter {
  /** @type {Map<string, {txn: string, text: string, wish: any, enclosed: {id: string, name: string, about: any}[], at: string, state: "sending"|"failed", problem: string}>} */
  entries = new Map();
  #session;
  #secrets;
  #arrived = new Set();

  /** @param {{session: any, store: any, secrets: any, bag: any}} parts */
  constructor({ session, store, secrets, bag }) {
    super();
    this.#session = session;
    this.#secrets = secrets;
    bag.add(store.on("chat", ({ message, isReset }) => {
      if (isReset) for (const one of store.chat.messages) this.#arrived.add(one.message_id);
      else if (message.by === store.self.participant) this.#saw(message);
    }));
  }

  /** @param {{text?: string, to?: string[], reply_to?: string, mentions?: string[], files?: string[]}} wish @param {{id: string, name: string, about: any}[]} [enclosed] its files, and what to say of them in an encrypted chat */
  send(wish, enclosed = []) {
    const txn = newTxn();
    this.entries.set(txn, { txn, text: wish.text ?? "", wish, enclosed, at: new Date().toISOString(), state: "sending", problem: "" });
    this.#try(txn);
  }

  /** Again, with the same txn: should the first one have arrived after all, this one changes nothing. */
  retry(txn) {
    this.#try(txn);
  }

  discard(txn) {
    this.entries.delete(txn);
    this.emit("change");
  }

  #try(txn) {
    const entry = this.entries.get(txn);
    if (!entry) return;
    entry.state = "sending";
    this.emit("change");
    const sealed = entry.enclosed.map(({ id, about }) => ({ id, ...about }));
    const sending = this.#secrets.isOn ? this.#secrets.post("chat.send", { ...entry.wish, enclosed: sealed }, entry) : this.#session.durable("chat.send", entry.wish, txn);
    sending.then(
      (ok) => this.#acknowledged(entry, ok),
      (error) => this.#failed(entry, error),
    );
  }

  #acknowledged(entry, ok) {
    entry.messageId = ok.message_id;
    if (this.#arrived.has(ok.message_id)) this.discard(entry.txn);
  }

  #failed(entry, error) {
    if (!this.entries.has(entry.txn)) return;
    entry.state = "failed";
    entry.problem = error.code === "unsent" ? "Not sent: the connection was lost." : explain(error);
    this.emit("change");
  }

  /** The event may come before the reply, or after it. */
  #saw(message) {
    this.#arrived.add(message.message_id);
    for (const entry of this.entries.values()) {
      const isIt = entry.messageId ? entry.messageId === message.message_id : entry.state === "sending" && entry.text === message.text;
      if (isIt) return void this.discard(entry.txn);
    }
  }
}
