/** A chat's past as the server has it: a search in all of it, and the whole of it as a file. */
import { exportedChat, listMessages } from "../http/chat.js";

const PAGE = 30;
const EMPTY_PAGES = 20;

export class Archive {
  #meeting;
  #headers;

  /** @param {{meeting: string, headers: () => Record<string, string>}} access as of files */
  constructor({ meeting, headers }) {
    this.#meeting = meeting;
    this.#headers = headers;
  }

  /**
   * @param {string} text @param {string} [cursor] where to go on
   * @returns {Promise<{found: any[], next: string|null, isBehind: boolean}>} newest first
   */
  async search(text, cursor) {
    const page = await this.pages({ q: text, limit: PAGE, ...(cursor && { cursor }) });
    return { found: page.items.reverse(), next: page.next, isBehind: Boolean(page.index?.is_behind) };
  }

  /** A page of messages: the first one with anything on it, as what was looked through meanwhile may hold nothing for us. */
  async pages(query) {
    let page = await this.#page(query);
    for (let pages = 1; page.items.length === 0 && page.next && pages < EMPTY_PAGES; pages += 1) page = await this.#page({ ...query, cursor: page.next });
    return page;
  }

  /** @param {"json"|"html"|"text"} format @returns {Promise<Blob>} */
  file(format) {
    return exportedChat(this.#meeting, format, this.#headers());
  }

  #page(query) {
    return listMessages(this.#meeting, query, this.#headers());
  }
}
