/** What is not at hand of a chat: older messages, a search in all of them, the whole of it as a file. */
import { call, segment } from "../http/api.js";
import { explain } from "../ui/explain.js";
import { toast } from "../ui/toast.js";
import { addOlder } from "./reducer.js";

const PAGE = 50;
const EMPTY_PAGES = 20;

export class Past {
  #meeting;
  #session;
  #store;
  #secrets;
  #loading = null;

  /** @param {{meeting: string, session: any, store: any, secrets: any}} parts */
  constructor({ meeting, session, store, secrets }) {
    this.#meeting = meeting;
    this.#session = session;
    this.#store = store;
    this.#secrets = secrets;
  }

  /** One page of older messages into the store. @returns {Promise<boolean>} whether some came; one asked for twice comes once */
  loadOlder() {
    return (this.#loading ??= this.#load().finally(() => (this.#loading = null)));
  }

  async #load() {
    const { chat } = this.#store;
    chat.isLoading = true;
    try {
      const before = chat.messages[0]?.seq;
      const { items, next } = await this.#pages(before === undefined ? {} : { before });
      await this.#secrets.read(items);
      if (chat === this.#store.chat) addOlder(this.#store, items, next !== null);
      return items.length > 0;
    } catch (error) {
      toast(explain(error), { kind: "bad" });
      return false;
    } finally {
      chat.isLoading = false;
      chat.held.length = 0;
    }
  }

  /** @returns {Promise<any[]>} the newest messages with this in their text, newest first */
  async search(text) {
    if (this.#secrets.isOn) {
      const sought = text.toLocaleLowerCase();
      return this.#store.chat.messages.filter((one) => one.text?.toLocaleLowerCase().includes(sought)).reverse();
    }
    const { items } = await this.#pages({ q: text });
    return items.reverse();
  }

  /** The first page with anything on it: what was looked through meanwhile may hold nothing for us. */
  async #pages(query) {
    let page = await this.#page(query);
    for (let pages = 1; page.items.length === 0 && page.next && pages < EMPTY_PAGES; pages += 1) page = await this.#page({ ...query, cursor: page.next });
    return page;
  }

  #page(query) {
    const search = new URLSearchParams({ ...query, limit: String(PAGE) });
    return call("GET", `/meetings/${segment(this.#meeting)}/messages?${search}`, { headers: { Authorization: `Session ${this.#session.resumeToken}` } });
  }
}
