/**
 * Seals what we write, under a key that was shared with exactly those who are to read it. A key and its counter live
 * in this object alone: no counter is used twice, and after a reload there is a new key.
 */
import { CommandError } from "../room/socket.js";
import { newTxn } from "../room/session.js";
import { importSenderKey, newKeyId, newSenderKey, seal, wrap } from "./scheme.js";

const MESSAGES_PER_KEY = 250;
const AUDIENCES = 50;
const TRIES = 6;
const PAUSE_MS = 100;
const CIPHERTEXT_CHARS = 44_000;
const CONTENT_BYTES = 32_000; // which with its tag, in base64, is shorter than that

const KINDS = { "chat.send": "send", "chat.edit": "edit" };

export class Sender {
  #session;
  #members;
  #keys = new Map(); // by audience: the newest key for it
  #turn = Promise.resolve();

  /** @param {{session: any, members: any}} parts `members` says who reads, and who we are */
  constructor({ session, members }) {
    this.#session = session;
    this.#members = members;
  }

  /**
   * Send a command whose `text`, and what is said of its files (`enclosed`), nobody but its readers shall see.
   * @param {"chat.send"|"chat.edit"} type @param {any} wish what the command would hold in clear
   * @param {{sealed?: {txn: string, data: any}|null}} memo keeps what was sealed, so that a retry sends the very same
   * @param {string[]|null} [to] participants, for a private message (or an edit of one)
   * @returns {Promise<any>} the ok; rejects with CommandError
   */
  post(type, wish, memo, to = wish.to ?? null) {
    const done = this.#turn.then(() => this.#post(type, wish, memo, to));
    this.#turn = done.catch(() => {});
    return done;
  }

  /** One after the other, each until it is answered: one that has to be sealed anew must not come after the next one. */
  async #post(type, wish, memo, to) {
    for (let tries = 1; ; tries += 1) {
      try {
        memo.sealed ??= { txn: newTxn(), data: await this.#seal(type, wish, to) };
        return await this.#session.durable(type, memo.sealed.data, memo.sealed.txn);
      } catch (error) {
        // Somebody came or left meanwhile, of which we hear in a moment.
        if (error.code !== "conflict" || tries === TRIES) throw error;
        memo.sealed = null;
        this.#keys.delete(audience(to));
        await new Promise((resolve) => setTimeout(resolve, PAUSE_MS * 2 ** tries));
      }
    }
  }

  async #seal(type, { text = "", enclosed, ...rest }, to) {
    await this.#members.whenReady();
    const key = await this.#keyFor(to);
    const kind = KINDS[type];
    const counter = key.counter++;
    const where = { room: this.#members.room, sender: this.#members.self.participant, keyId: key.keyId, counter, kind, about: (kind === "edit" ? rest.message_id : rest.reply_to) ?? "" };
    const ciphertext = await seal({ key: key.key, content: { ...fitting(text, enclosed), to }, ...where });
    if (ciphertext.length > CIPHERTEXT_CHARS) throw new CommandError({ code: "too_large", message: "this message is too long" });
    return { ...rest, ciphertext, key_id: key.keyId };
  }

  async #keyFor(to) {
    const readers = this.#members.readers(to);
    const signature = JSON.stringify(readers.map(({ participant, identity }) => [participant, identity]).sort());
    const known = this.#keys.get(audience(to));
    if (known?.signature === signature && known.counter < MESSAGES_PER_KEY) return known;
    const made = { ...(await this.#share(readers)), signature, counter: 0 };
    this.#keys.delete(audience(to));
    this.#keys.set(audience(to), made);
    if (this.#keys.size > AUDIENCES) this.#keys.delete(this.#keys.keys().next().value);
    return made;
  }

  async #share(readers) {
    const { room, self, privateKey } = this.#members;
    const keyId = newKeyId();
    const bytes = newSenderKey();
    const parts = readers.map(async (receiver) => [receiver.participant, await wrap({ privateKey, room, sender: self, receiver, keyId, key: bytes })]);
    const wrapped = Object.fromEntries(await Promise.all(parts));
    const key = await importSenderKey(bytes, "encrypt");
    bytes.fill(0);
    await this.#session.durable("e2ee.share", { key_id: keyId, wrapped });
    return { keyId, key };
  }
}

/** Small pictures come along as far as there is room for them. */
function fitting(text, enclosed) {
  if (!enclosed?.length) return { text };
  const size = (files) => new TextEncoder().encode(JSON.stringify({ text, files })).length;
  const files = enclosed.map(({ thumbnail, ...file }) => file);
  let left = CONTENT_BYTES - size(files);
  enclosed.forEach(({ thumbnail }, index) => {
    left -= thumbnail ? thumbnail.length + 20 : 0;
    if (thumbnail && left > 0) files[index].thumbnail = thumbnail;
  });
  return { text, files };
}

const audience = (to) => (to ? JSON.stringify([...to].sort()) : "");
