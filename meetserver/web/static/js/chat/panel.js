/** The conversation: messages, own ones on their way, who is writing, the field to write in. */
import { Bag } from "../emitter.js";
import { announce, button, h, icon } from "../ui/dom.js";
import { messageElement, pendingElement } from "./message.js";

const MAX_CHARS = 8000;
const TYPING_EVERY_MS = 3000;
const NEAR_END_PX = 80;
const SAME_AUTHOR_MS = 3 * 60_000;

export class ChatPanel {
  unread = 0;
  isOpen = false;
  onUnread = () => {};
  #store;
  #session;
  #outbox;
  #list = h("ol", { class: "messages", tabindex: "0", "aria-label": "Messages" });
  #pending = h("ol", { class: "messages on-the-way", "aria-label": "Messages on their way" });
  #scroller = h("div", { class: "scroller" });
  #empty = h("div", { class: "empty" }, icon("chat"), h("h3", { text: "Nothing said yet" }), h("p", { text: "Messages stay with the meeting: who comes later can read them." }));
  #typing = h("p", { class: "typing", "aria-live": "off" });
  #input = h("textarea", { class: "input", rows: "1", maxlength: String(MAX_CHARS), placeholder: "Write a message", "aria-label": "Message to everybody" });
  #typingToldAt = 0;
  #typingTimer;
  #last = null;

  /** @param {{store: any, session: any, outbox: any, bag: Bag}} parts */
  constructor({ store, session, outbox, bag }) {
    this.#store = store;
    this.#session = session;
    this.#outbox = outbox;
    this.#scroller.append(this.#empty, this.#list, this.#pending);
    const form = h("form", { class: "composer", on: { submit: (event) => (event.preventDefault(), this.#submit()) } }, this.#input, button({ label: "Send", icon: "send", type: "submit", class: "primary icon-only" }));
    this.element = h("div", { class: "chat" }, this.#scroller, this.#typing, form);
    this.#input.addEventListener("keydown", (event) => this.#key(event));
    this.#input.addEventListener("input", () => this.#wrote());
    bag.add(store.on("chat", ({ message, isReset }) => (isReset ? this.#showAll() : this.#arrived(message))));
    bag.add(store.on("typing", () => this.#showTyping()));
    bag.add(outbox.on("change", () => this.#showPending()));
    bag.add(() => clearTimeout(this.#typingTimer));
  }

  opened() {
    this.isOpen = true;
    this.#setUnread(0);
    this.#toEnd();
    this.#input.focus({ preventScroll: true });
  }

  closed() {
    this.isOpen = false;
  }

  #showAll() {
    this.#list.replaceChildren();
    this.#last = null;
    if (this.#store.chat.more) this.#list.append(h("li", { class: "older muted", text: "Older messages are kept with the meeting." }));
    for (const message of this.#store.chat.messages) this.#append(message);
    this.#showEmpty();
    this.#toEnd();
  }

  #arrived(message) {
    const wasAtEnd = this.#isAtEnd();
    this.#append(message);
    while (this.#list.children.length > 2000) this.#list.firstElementChild.remove();
    this.#showEmpty();
    const isOwn = message.by === this.#store.self.participant;
    if (isOwn || wasAtEnd) this.#toEnd();
    if (isOwn) return;
    announce(`${message.name}: ${(message.text ?? "encrypted message").slice(0, 200)}`);
    if (!this.isOpen) this.#setUnread(this.unread + 1);
  }

  #append(message) {
    const isSame = this.#last?.by === message.by && !message.to && !this.#last.to && Date.parse(message.at) - Date.parse(this.#last.at) < SAME_AUTHOR_MS;
    this.#last = message;
    const toNames = (message.to ?? []).map((id) => (id === this.#store.self.participant ? "you" : (this.#store.participants.get(id)?.name ?? "somebody who left"))).join(", ");
    this.#list.append(messageElement(message, { isOwn: message.by === this.#store.self.participant, isSame, toNames }));
  }

  #showPending() {
    this.#pending.replaceChildren(
      ...[...this.#outbox.entries.values()].map((entry) => pendingElement(entry, { onRetry: () => this.#outbox.retry(entry.txn), onDiscard: () => this.#outbox.discard(entry.txn) })),
    );
    this.#showEmpty();
    this.#toEnd();
  }

  #showEmpty() {
    this.#empty.hidden = this.#list.children.length > 0 || this.#outbox.entries.size > 0;
    this.#pending.hidden = this.#outbox.entries.size === 0;
  }

  #showTyping() {
    const names = [...this.#store.chat.typing.keys()].filter((id) => id !== this.#store.self.participant).map((id) => this.#store.participants.get(id)?.name).filter(Boolean);
    const shown = names.slice(0, 2).join(" and ");
    this.#typing.textContent = names.length === 0 ? "" : names.length > 2 ? "Several people are writing…" : `${shown} ${names.length === 1 ? "is" : "are"} writing…`;
  }

  #key(event) {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    this.#submit();
  }

  #submit() {
    const text = this.#input.value.trim();
    if (!text) return;
    this.#input.value = "";
    this.#fit();
    this.#tellTyping(false);
    this.#outbox.send(text);
    this.#input.focus();
  }

  #wrote() {
    this.#fit();
    const now = performance.now();
    if (!this.#input.value) return void this.#tellTyping(false);
    if (now - this.#typingToldAt > TYPING_EVERY_MS) this.#tellTyping(true);
    clearTimeout(this.#typingTimer);
    this.#typingTimer = setTimeout(() => this.#tellTyping(false), TYPING_EVERY_MS + 1000);
  }

  #tellTyping(isOn) {
    if (!isOn && this.#typingToldAt === 0) return;
    if (!isOn) clearTimeout(this.#typingTimer);
    this.#typingToldAt = isOn ? performance.now() : 0;
    this.#session.tell("chat.typing", { on: isOn }, { droppable: true });
  }

  #fit() {
    this.#input.style.height = "auto";
    this.#input.style.height = `${Math.min(this.#input.scrollHeight + 2, 140)}px`;
  }

  #isAtEnd() {
    return this.#scroller.scrollHeight - this.#scroller.scrollTop - this.#scroller.clientHeight < NEAR_END_PX;
  }

  #toEnd() {
    this.#scroller.scrollTop = this.#scroller.scrollHeight;
  }

  #setUnread(count) {
    this.unread = count;
    this.onUnread(count);
  }
}
