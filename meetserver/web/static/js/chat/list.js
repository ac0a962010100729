/** The messages as they stand below each other, with what happened in between, and where the unread ones begin. */
import { button, h, icon } from "../ui/dom.js";
import { toast } from "../ui/toast.js";
import { isMe } from "./people.js";
import { messageElement, pendingElement } from "./message.js";

const NEAR_END_PX = 80;
const NEAR_START_PX = 200;
const SAME_AUTHOR_MS = 3 * 60_000;
const PAGES_TO_JUMP = 10;

export class MessageList {
  onScroll = () => {};
  #list = h("ol", { class: "messages", tabindex: "0", "aria-label": "Messages" });
  #pending = h("ol", { class: "messages on-the-way", "aria-label": "Messages on their way" });
  #emptyHint = h("p");
  #empty = h("div", { class: "empty" }, icon("chat"), h("h3", { text: "Nothing said yet" }), this.#emptyHint);
  #older = button({ label: "Show older messages", class: "quiet small older", onClick: () => void this.#loadOlder() });
  #ended = h("p", { class: "muted small older" });
  #receipt = h("li", { class: "receipt muted" });
  #unreadLine = h("li", { class: "unread-line", role: "separator" }, h("span", { text: "New" }));
  #elements = new Map(); // by message id
  #last = null;
  #staysAtEnd = true; // as it was scrolled last
  #store;
  #parts;
  element = h("div", { class: "scroller" }, this.#older, this.#ended, this.#empty, this.#list, this.#pending);

  /** @param {{store: any, outbox: any, lines: any, past: any, deeds: any, enclosed: any, onMenu: (message: any) => void, bag: any}} parts */
  constructor(parts) {
    this.#parts = parts;
    this.#store = parts.store;
    const { store, outbox, lines, bag } = parts;
    bag.add(outbox.on("change", () => this.#showPending()));
    bag.add(lines.on("line", (line) => this.#keepingEnd(() => this.#list.append(lineElement(line)))));
    bag.add(lines.on("past", (past) => this.#showPast(past)));
    bag.add(store.on("message", ({ message }) => this.#changed(message)));
    bag.add(store.on("message", ({ message }) => store.chat.messages.filter((one) => one.reply_to === message.message_id).forEach((one) => this.#changed(one))));
    bag.add(store.on("older", ({ added }) => this.#prepended(added)));
    this.element.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    // A keyboard on the screen, what is pinned, a longer text: they take their room from the end, which is what is read.
    new ResizeObserver(() => this.#staysAtEnd && this.toEnd()).observe(this.element);
  }

  showAll() {
    this.#list.replaceChildren();
    this.#elements.clear();
    this.#last = null;
    const { messages } = this.#store.chat;
    this.#list.append(...this.#between(messages, this.#linesAfter(messages[0])));
    this.#last = messages.at(-1) ?? null;
    this.#showEmpty();
    this.toEnd();
  }

  arrived(message) {
    const isOwn = isMe(this.#store, message.by);
    this.#keepingEnd(() => {
      this.#append(message);
      this.#dropOldest();
      this.#showEmpty();
    }, isOwn);
  }

  /** The line before the first message that was not read; undefined: all were. */
  showUnread(first) {
    const element = first && this.#elements.get(first.message_id);
    if (element) element.before(this.#unreadLine);
    else this.#unreadLine.remove();
  }

  /** @param {{message: any, text: string}|null} receipt who has read our newest message, and which that is */
  showReceipt(receipt) {
    const element = receipt && this.#elements.get(receipt.message.message_id);
    if (!element) return this.#receipt.remove();
    this.#receipt.textContent = receipt.text;
    if (this.#receipt.previousElementSibling !== element) this.#keepingEnd(() => element.after(this.#receipt));
    return undefined;
  }

  /** As `jump`, and says so where it is too far back. */
  async show(id) {
    if (!(await this.jump(id))) toast("This message is too far back to be shown here.");
  }

  /** To a message, far back: older ones are loaded on the way, within reason. @returns {Promise<boolean>} whether it is there */
  async jump(id) {
    for (let pages = 0; !this.#elements.has(id) && this.#store.chat.more && pages < PAGES_TO_JUMP; pages += 1) if (!(await this.#loadOlder())) break;
    const element = this.#elements.get(id);
    if (!element) return false;
    element.scrollIntoView({ block: "center" });
    element.focus({ preventScroll: true });
    element.classList.remove("found");
    requestAnimationFrame(() => element.classList.add("found"));
    return true;
  }

  get isAtEnd() {
    return this.element.scrollHeight - this.element.scrollTop - this.element.clientHeight < NEAR_END_PX;
  }

  toEnd() {
    this.element.scrollTop = this.element.scrollHeight;
  }

  /** To the end, or no further than that the line of the unread ones is still seen. */
  toUnread() {
    this.toEnd();
    if (this.#unreadLine.isConnected) this.#unreadLine.scrollIntoView({ block: "nearest" });
  }

  /** Lines from before what is shown wait until that is shown, too. */
  #linesAfter(message) {
    const { lines } = this.#parts;
    return this.#store.chat.more && message ? lines.all.filter((line) => line.seq > message.seq) : lines.all;
  }

  /** @returns {HTMLElement[]} messages, with what happened in between where it belongs */
  #between(messages, lines) {
    const left = [...lines];
    const elements = [];
    messages.forEach((message, index) => {
      while (left[0]?.seq < message.seq) elements.push(lineElement(left.shift()));
      elements.push(this.#make(message, messages[index - 1]));
    });
    return [...elements, ...left.map(lineElement)];
  }

  #showPast(past) {
    const { messages } = this.#store.chat;
    const shown = new Set(this.#linesAfter(messages[0]));
    this.#keepingEnd(() => {
      const first = this.#list.querySelector(".happened"); // those that this page has seen itself
      for (const line of past.filter((one) => shown.has(one))) {
        const next = messages.find((message) => message.seq > line.seq);
        const place = (next && this.#elements.get(next.message_id)) ?? first;
        if (place) place.before(lineElement(line));
        else this.#list.append(lineElement(line));
      }
    });
  }

  #append(message) {
    this.#list.append(this.#make(message, this.#last));
    this.#last = message;
  }

  #make(message, before) {
    const { store, deeds, enclosed, onMenu } = this.#parts;
    const isSame = Boolean(before) && before.by === message.by && !message.to && !before.to && !message.reply_to && Date.parse(message.at) - Date.parse(before.at) < SAME_AUTHOR_MS;
    const quoted = message.reply_to && store.chat.messages.find((one) => one.message_id === message.reply_to);
    const element = messageElement(message, {
      store,
      isSame,
      quoted,
      enclosed,
      onMenu: () => onMenu(message),
      onReact: (emoji, isOn) => void deeds.react(message, emoji, isOn),
      onQuote: () => void this.show(message.reply_to),
    });
    this.#elements.set(message.message_id, element);
    return element;
  }

  #changed(message) {
    const old = this.#elements.get(message.message_id);
    if (!old) return;
    const { messages } = this.#store.chat;
    const index = [...old.querySelectorAll("button")].indexOf(document.activeElement);
    const hadFocus = document.activeElement === old;
    const made = this.#make(message, messages[messages.indexOf(message) - 1]);
    this.#keepingEnd(() => old.replaceWith(made));
    if (hadFocus) made.focus({ preventScroll: true });
    if (index >= 0) (made.querySelectorAll("button")[index] ?? made).focus({ preventScroll: true });
  }

  #prepended(added) {
    const height = this.element.scrollHeight - this.element.scrollTop;
    const next = this.#store.chat.messages[added.length];
    const lines = this.#linesAfter(added[0]).filter((line) => line.seq < (next?.seq ?? 0));
    this.#list.prepend(...this.#between(added, lines));
    this.#showEmpty();
    this.element.scrollTop = this.element.scrollHeight - height;
  }

  /** What the store does not keep. */
  #dropOldest() {
    const { messages } = this.#store.chat;
    while (this.#elements.size > messages.length && this.#list.firstElementChild.dataset.message !== messages[0].message_id) {
      this.#elements.delete(this.#list.firstElementChild.dataset.message);
      this.#list.firstElementChild.remove();
    }
  }

  /** What is at the end stays there. */
  #keepingEnd(change, always = false) {
    const wasAtEnd = always || this.isAtEnd;
    change();
    if (wasAtEnd) this.toEnd();
  }

  #showPending() {
    const { outbox } = this.#parts;
    const buttons = () => [...this.#pending.querySelectorAll("button")];
    const index = buttons().indexOf(document.activeElement);
    const isMore = outbox.entries.size > this.#pending.childElementCount;
    this.#keepingEnd(() => {
      this.#pending.replaceChildren(...[...outbox.entries.values()].map((entry) => pendingElement(entry, { onRetry: () => outbox.retry(entry.txn), onDiscard: () => outbox.discard(entry.txn) })));
      this.#showEmpty();
    }, isMore);
    if (index >= 0) (buttons()[index] ?? this.#list).focus({ preventScroll: true });
  }

  #showEmpty() {
    const { chat, room } = this.#store;
    this.#emptyHint.textContent = room.settings.e2ee ? "Only those who are here now can read what you write: it is encrypted." : "Messages stay with the meeting: who comes later can read them.";
    this.#ended.textContent = pastEnd(room);
    this.#ended.hidden = chat.more || this.#ended.textContent === "";
    this.#empty.hidden = chat.messages.length > 0 || this.#parts.outbox.entries.size > 0;
    this.#pending.hidden = this.#parts.outbox.entries.size === 0;
    this.#older.hidden = !chat.more;
  }

  #scrolled() {
    this.#staysAtEnd = this.isAtEnd;
    this.#store.chat.isReadBack = !this.isAtEnd;
    if (this.element.scrollTop < NEAR_START_PX && this.#store.chat.more && this.element.offsetParent) void this.#loadOlder();
    this.onScroll();
  }

  /** @returns {Promise<boolean>} whether there is more than before */
  async #loadOlder() {
    this.#older.setAttribute("aria-busy", "true");
    const isDone = await this.#parts.past.loadOlder();
    this.#older.removeAttribute("aria-busy");
    return isDone;
  }
}

/** What is said where the past ends, if it does before the meeting's beginning, or will. */
function pastEnd({ expired_until: until, settings: { retention_days: days } }) {
  if (days) return `Messages are kept for ${days === 1 ? "a day" : `${days} days`}.`;
  return until > 0 ? "Older messages are not kept any more." : "";
}

function lineElement({ at, text }) {
  return h("li", { class: "happened muted" }, h("time", { datetime: at, class: "visually-hidden", text: at }), h("span", { text }));
}
