/** How far we have read, and how far the others have. What the others are told of it is our choice. */
import { keep, recall } from "../ui/storage.js";
import { isMe } from "./people.js";

const TELL_EVERY_MS = 1000;
const TELLS_READ = "meet.chat.tells-read";

export const tellsRead = () => recall(localStorage, TELLS_READ) !== false;
export const setTellsRead = (isOn) => keep(localStorage, TELLS_READ, isOn);

export class Reading {
  /** Seq up to which we have read. */
  read = 0;
  #from = 0; // what was said before we came is nobody's to catch up with
  #told = { delivered: 0, read: 0, seen: 0 };
  #timer;
  #store;
  #session;
  #key;

  /** @param {{meeting: string, store: any, session: any, bag: any}} parts */
  constructor({ meeting, store, session, bag }) {
    this.#store = store;
    this.#session = session;
    this.#key = `meet.read.${meeting}`;
    bag.add(() => clearTimeout(this.#timer));
    bag.add(session.on("leaving", () => this.#tell()));
    bag.listen(document, "visibilitychange", () => document.hidden && this.#tell());
  }

  /** After a snapshot: up to where had we read when we were here last? */
  begin() {
    const mine = this.#store.chat.marks.get(this.#store.self.participant);
    const kept = recall(sessionStorage, this.#key); // what this tab showed, whether or not the others are told
    this.#told = { delivered: 0, read: 0, seen: 0 };
    this.read = Math.max(mine?.read ?? 0, this.read);
    this.#from = Math.max(Number.isSafeInteger(kept) ? kept : 0, this.#from);
    this.delivered();
    if (mine?.delivered || this.#from > 0) return;
    this.#from = this.#newest;
    keep(sessionStorage, this.#key, this.#from);
  }

  delivered() {
    this.#plan();
  }

  /** All that there is has been looked at. */
  readAll() {
    this.read = Math.max(this.read, this.#newest);
    keep(sessionStorage, this.#key, this.read);
    this.#plan();
  }

  /** @returns {any[]} messages of others that we have not read */
  get unread() {
    return this.#store.chat.messages.filter((one) => one.seq > Math.max(this.read, this.#from) && !one.deleted_at && !isMe(this.#store, one.by));
  }

  get #newest() {
    return this.#store.chat.messages.at(-1)?.seq ?? 0;
  }

  #plan() {
    this.#timer ??= setTimeout(() => this.#tell(), TELL_EVERY_MS);
  }

  #tell() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const seen = Math.max(this.read, this.#from); // is told to nobody: what is unread elsewhere is counted by it
    const now = { delivered: this.#newest, ...(tellsRead() && this.read > 0 && { read: this.read }), ...(seen > 0 && { seen }) };
    const told = this.#told;
    if (now.delivered <= told.delivered && (now.read ?? 0) <= told.read && seen <= told.seen) return;
    this.#told = { delivered: now.delivered, read: now.read ?? told.read, seen };
    this.#session.tell("chat.mark", now);
  }
}

/** @returns {{message: any, text: string}|null} our newest message, and who has read it */
export function receiptOf(store) {
  const message = store.chat.messages.findLast((one) => isMe(store, one.by) && !one.deleted_at);
  if (!message) return null;
  const others = [...store.participants.values()].filter(({ id }) => !isMe(store, id) && (!message.to || message.to.includes(id)));
  const reached = (kind) => others.filter(({ id }) => (store.chat.marks.get(id)?.[kind] ?? 0) >= message.seq);
  const [read, delivered] = [reached("read"), reached("delivered")];
  if (read.length === 0) return delivered.length > 0 ? { message, text: "Delivered" } : null;
  if (read.length === others.length && others.length > 1) return { message, text: "Read by everybody" };
  const names = read.slice(0, 3).map(({ name }) => name);
  return { message, text: `Read by ${names.join(", ")}${read.length > 3 ? ` and ${read.length - 3} more` : ""}` };
}
