/**
 * The encrypted chat of one page in a meeting: stands between the session and the store, opens what comes before the
 * store has it, and seals what the outbox sends. In a meeting without it, it does nothing.
 *
 * Emits "change" when who can read has changed.
 */
import { Emitter } from "../emitter.js";
import { CommandError } from "../room/socket.js";
import { Members } from "./members.js";
import { Receiver, shut } from "./receiver.js";
import { isAvailable } from "./scheme.js";
import { Sender } from "./sender.js";
import { forgetIdentity } from "./vault.js";

const KINDS = { "chat.sent": "send", "chat.edited": "edit" };
const UNABLE = "This chat is encrypted, for which the page has to be opened over https.";

export class Secrets extends Emitter {
  isOn = false;
  /** The code that the person here has compared with the others. */
  compared = "";
  #store;
  #members;
  #sender;
  #receiver = new Receiver();

  /** @param {{session: any, store: any, bag: any}} parts */
  constructor({ session, store, bag }) {
    super();
    this.#store = store;
    this.#members = new Members({ store, session });
    this.#sender = new Sender({ session, members: this.#members });
    bag.add(session.on("status", ({ state, code }) => state === "ended" && code !== 3505 && this.#forget()));
  }

  get isAble() {
    return isAvailable();
  }

  get everybody() {
    return this.#members.everybody;
  }

  /** Its id, which what is encrypted is bound to. */
  get room() {
    return this.#members.room;
  }

  code() {
    return this.#members.code();
  }

  /** As `Sender.post`. */
  post(type, wish, memo, to) {
    return this.isAble ? this.#sender.post(type, wish, memo, to) : Promise.reject(new CommandError({ code: "unable", message: UNABLE }));
  }

  /** Whether a snapshot is of a meeting with an encrypted chat. What a page once knew to be one stays one. From here on nothing is sent in clear. */
  concerns(snapshot) {
    this.isOn ||= Boolean(snapshot.room?.settings?.e2ee);
    return this.isOn;
  }

  /** A snapshot, before the store has it: its messages are opened. @param {any} snapshot @param {{participant: string}} self */
  async enter(snapshot, self) {
    if (!this.concerns(snapshot)) return;
    const { room, e2ee, chat, participants = [] } = snapshot;
    const messages = [...(chat?.messages ?? []), ...(chat?.pinned ?? [])];
    const names = new Map(participants.map(({ id, name }) => [id, name]));
    if (!this.isAble) return messages.forEach((message) => shut(message, UNABLE));
    await this.#members.enter(room.id, self.participant, e2ee?.keys ?? {});
    this.#receiver.become(this.#members);
    // Who is here writes under the key that the safety code has; only of those who left does the share alone tell.
    const identityOf = ({ by, identity }) => this.#members.identityOf(by) ?? identity;
    await Promise.all((e2ee?.shares ?? []).map((share) => this.#take(share.by, share, identityOf(share))));
    await Promise.all(messages.map((message) => this.#open(message, names.get(message.by))));
    this.emit("change");
  }

  /** A frame, before the store has it. @param {any} frame @returns {Promise<void>|undefined} what to wait for, if anything */
  prepare(frame) {
    if (!this.isOn) return undefined;
    const { type, by, data } = frame;
    const message = KINDS[type] ? data : type === "chat.pinned" ? data.message : undefined;
    if (!this.isAble) return void (message && shut(message, UNABLE));
    if (type === "e2ee.published") return void (this.#members.published(data), this.emit("change"));
    if (type === "e2ee.shared") return this.#take(by, data, this.#members.identityOf(by));
    if (type === "participant.left") return void (this.#members.left(data.participant), this.emit("change"));
    if (!message) return undefined;
    if (message === data) data.by = by;
    return this.#open(message, undefined, KINDS[type]);
  }

  /** Messages of the past, as HTTP shows them. @param {any[]} messages */
  async read(messages) {
    if (!this.isOn) return;
    if (!this.isAble) return messages.forEach((message) => shut(message, UNABLE));
    await Promise.all(messages.map((message) => this.#open(message)));
  }

  /** A message as snapshots show it, as it was sent, or edited since; called by the name that is in the safety code, if its author is here. */
  #open(message, name = this.#store.participants.get(message.by)?.name, kind = message.edited_at ? "edit" : "send") {
    if (name !== undefined) message.name = name;
    return this.#receiver.open(message, kind);
  }

  #take(by, { key_id: keyId, wrapped }, identity) {
    return this.#receiver.take({ by, identity, keyId, wrapped: wrapped?.[this.#members.self.participant] });
  }

  /** Nobody opens any more what was recorded. */
  #forget() {
    const { room, self } = this.#members;
    if (self.participant) void forgetIdentity(room, self.participant);
  }
}
