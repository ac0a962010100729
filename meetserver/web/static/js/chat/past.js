/** What is not at hand of a chat in the room: older messages, a search in all of them, the whole of it as a file. */
import { explain } from "../ui/explain.js";
import { toast } from "../ui/toast.js";
import { Archive } from "./archive.js";
import { nameOf } from "./people.js";
import { addOlder } from "./reducer.js";
import { written } from "./written.js";

const PAGE = 50;
const AROUND = 10;
const PAGE_OF_ALL = 100;
const MOST_PAGES = 500;

export class Past {
  #session;
  #store;
  #secrets;
  #archive;
  #loading = null;

  /** @param {{meeting: string, session: any, store: any, secrets: any}} parts */
  constructor({ meeting, session, store, secrets }) {
    this.#session = session;
    this.#store = store;
    this.#secrets = secrets;
    this.#archive = new Archive({ meeting, headers: () => this.headers() });
  }

  headers() {
    return { Authorization: `Session ${this.#session.resumeToken}` };
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
      const { items, next } = await this.#archive.pages({ limit: PAGE, ...(before !== undefined && { before }) });
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

  /** As `Archive.search`; of an encrypted chat only what this page has at hand is searched. */
  async search(text, cursor) {
    if (!this.#secrets.isOn) return this.#archive.search(text, cursor);
    const sought = text.toLocaleLowerCase();
    const found = this.#store.chat.messages.filter((one) => one.text?.toLocaleLowerCase().includes(sought)).reverse();
    return { found, next: null, isBehind: false };
  }

  /** @returns {Promise<any[]>} the message of this seq, and those around it */
  async around(seq) {
    const [before, after] = await Promise.all([this.#archive.pages({ before: seq + 1, limit: AROUND }), this.#archive.pages({ after: seq, limit: AROUND })]);
    const messages = [...before.items, ...after.items];
    await this.#secrets.read(messages);
    return messages;
  }

  /** As `Archive.file`; an encrypted chat is opened here, and nothing of it leaves this page. */
  async file(format) {
    if (!this.#secrets.isOn) return this.#archive.file(format);
    const messages = await this.#everything();
    return written(format, { title: this.#store.room.title, messages, nameOf: (id) => nameOf(this.#store, id) });
  }

  async #everything() {
    const pages = [];
    let page = { next: "" };
    for (let count = 0; page.next !== null && count < MOST_PAGES; count += 1) {
      page = await this.#archive.pages({ limit: PAGE_OF_ALL, ...(page.next && { cursor: page.next }) });
      await this.#secrets.read(page.items);
      pages.unshift(page.items);
    }
    return pages.flat();
  }
}
