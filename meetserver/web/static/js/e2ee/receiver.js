/** Opens what others wrote: has the sender keys that were shared with us, and says why when it cannot. */
import { sound } from "./files.js";
import { open, unwrap } from "./scheme.js";

const KEYS = 2000;
const MESSAGES = 20_000;
const TEXT_CHARS = 8000; // as in a chat whose server sees it: docs/limits.md, CHAT_TEXT_CHARS

const WHY = {
  early: "This message is encrypted for those who were here when it was written. Ask its author to send it again.",
  broken: "This message cannot be opened: it is not what its author wrote, or not for you.",
  repeated: "This is an earlier message once more, and not by its author.",
  clear: "This is not encrypted, so that anybody may have written it: it is not shown.",
};

export class Receiver {
  #who;
  #keys = new Map(); // by author and key_id; null: what was shared could not be opened
  #counters = new Map(); // which message has this counter of this key

  /** Who we are from now on; what we could open as somebody else, we still can. @param {{room: string, self: {participant: string, identity: string}, privateKey: CryptoKey}} who */
  become({ room, self, privateKey }) {
    this.#who = { room, receiver: self, privateKey };
  }

  /** @param {{by: string, identity: string, keyId: string, wrapped?: string}} share `identity` is the author's */
  async take({ by, identity, keyId, wrapped }) {
    const name = `${by}/${keyId}`;
    if (!wrapped || this.#keys.has(name)) return;
    const sender = { participant: by, identity };
    remember(this.#keys, name, await unwrap({ ...this.#who, sender, keyId, wrapped }).catch(() => null), KEYS);
  }

  /**
   * Puts `text` in a message, and as `enclosed` what is said of its files; or `unreadable` with the reason.
   * @param {any} message with by, ciphertext and key_id @param {"send"|"edit"} kind
   */
  async open(message, kind) {
    if (!shut(message, WHY.early)) return undefined;
    const name = `${message.by}/${message.key_id}`;
    const key = this.#keys.get(name);
    if (key === null) message.unreadable = WHY.broken;
    if (!key) return undefined;
    const about = kind === "edit" ? message.message_id : (message.reply_to ?? "");
    try {
      const where = { room: this.#who.room, sender: message.by, keyId: message.key_id, kind, about };
      const { content, counter } = await open({ key, sealed: message.ciphertext, ...where });
      if (typeof content.text !== "string" || !isFor(content.to, message.to)) message.unreadable = WHY.broken;
      else if (this.#isRepeated(`${name}/${counter}`, message.message_id)) message.unreadable = WHY.repeated;
      else Object.assign(message, { unreadable: undefined, text: content.text.slice(0, TEXT_CHARS), enclosed: sound(content.files) });
    } catch {
      message.unreadable = WHY.broken;
    }
    return undefined;
  }

  #isRepeated(counter, id) {
    const known = this.#counters.get(counter);
    if (known === undefined) remember(this.#counters, counter, id, MESSAGES);
    return known !== undefined && known !== id;
  }
}

/** Whether a message is shown as what it was written as: to everybody (null), or to these alone. Not all clients say. */
function isFor(meant, to) {
  if (meant === undefined) return true;
  return Array.isArray(meant) ? Boolean(to) && meant.every((one) => to.includes(one)) : !to;
}

/**
 * A message of which nothing is opened. What stands there in clear goes: it is whoever's who passed the message on.
 * @param {any} message @param {string} why @returns {boolean} whether there is something to open
 */
export function shut(message, why) {
  const isSealed = Boolean(message.ciphertext);
  const isClear = !isSealed && Boolean(message.text || message.files?.length);
  Object.assign(message, { text: "", enclosed: undefined, unreadable: isSealed ? why : isClear ? WHY.clear : undefined });
  if (!isSealed) message.files = undefined;
  return isSealed;
}

/** The oldest goes when there are too many. */
function remember(map, key, value, most) {
  map.set(key, value);
  if (map.size > most) map.delete(map.keys().next().value);
}
