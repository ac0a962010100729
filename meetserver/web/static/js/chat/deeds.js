/** What is done with messages that are there: edited, deleted, reacted to, pinned. What goes wrong is said. */
import { attempt } from "../ui/act.js";
import { confirm } from "../ui/dialog.js";
import { isMe } from "./people.js";

export class Deeds {
  #session;
  #store;
  #secrets;

  /** @param {{session: any, store: any, secrets: any}} parts */
  constructor({ session, store, secrets }) {
    this.#session = session;
    this.#store = store;
    this.#secrets = secrets;
  }

  /** Whether hosts alone write here, and we are none. */
  get isSilenced() {
    const { settings } = this.#store.room;
    return settings.chat_mode === "hosts" && !this.#store.isModerator;
  }

  /** Of an encrypted chat only what was written by who we are now: an edit is opened as its message's author's. */
  mayEdit(message) {
    const isOwn = this.#secrets.isOn ? message.by === this.#store.self.participant : isMe(this.#store, message.by);
    return isOwn && !message.deleted_at && Boolean(message.text) && !this.isSilenced;
  }

  mayDelete(message) {
    return !message.deleted_at && (isMe(this.#store, message.by) || this.#store.isModerator);
  }

  mayPin(message) {
    return this.#store.isModerator && !message.to && !message.deleted_at;
  }

  isPinned(message) {
    return this.#store.chat.pinned.some((one) => one.message_id === message.message_id);
  }

  /** @returns {Promise<void>} rejects where it was refused */
  async edit(message, text) {
    const wish = { message_id: message.message_id, text };
    if (!this.#secrets.isOn) return void (await this.#session.durable("chat.edit", wish));
    const to = message.to ? message.to.filter((id) => id !== this.#store.self.participant) : null;
    await this.#secrets.post("chat.edit", { ...wish, enclosed: message.enclosed }, {}, to);
  }

  async remove(message) {
    const sure = await confirm({ title: "Delete this message?", text: "What it says is gone for good, for everybody. That there was one stays visible.", yes: "Delete", danger: true });
    if (sure) await this.#do("chat.delete", { message_id: message.message_id });
  }

  react(message, emoji, isOn) {
    return this.#do("chat.react", { message_id: message.message_id, emoji, on: isOn });
  }

  pin(message, isOn) {
    return this.#do("chat.pin", { message_id: message.message_id, on: isOn });
  }

  #do(type, data) {
    return attempt(async () => void (await this.#session.durable(type, data)));
  }
}
