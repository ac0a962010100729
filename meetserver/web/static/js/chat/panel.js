/** The conversation: what is pinned, the messages, who is writing, the field to write in. */
import { announce, button, h } from "../ui/dom.js";
import { Composer } from "./composer.js";
import { Deeds } from "./deeds.js";
import { Lines } from "./lines.js";
import { MessageList } from "./list.js";
import { openMessageMenu } from "./menu.js";
import { openChatOptions } from "./options.js";
import { Past } from "./past.js";
import { isMe, mentionsMe } from "./people.js";
import { pinnedBar } from "./pins.js";
import { Reading, receiptOf } from "./reading.js";
import { rememberGone } from "./reducer.js";
import { openSearch } from "./search.js";
import { excerpt } from "./text.js";
import { whoWrites } from "./typing.js";

export class ChatPanel {
  isOpen = false;
  /** Told how many messages are unread, and whether one of them mentions us. */
  onUnread = () => {};
  #store;
  #deeds;
  #reading;
  #list;
  #lines;
  #composer;

  /** @param {{meeting: string, store: any, session: any, outbox: any, secrets: any, enclosed: import("./enclosed.js").Enclosed, bag: any}} parts */
  constructor(parts) {
    const { store, bag } = parts;
    this.#store = store;
    this.#deeds = new Deeds(parts);
    this.#reading = new Reading(parts);
    const past = new Past(parts);
    const lines = (this.#lines = new Lines({ ...parts, past }));
    const shared = { ...parts, deeds: this.#deeds, past, lines };
    this.#list = new MessageList({ ...shared, onMenu: (message) => this.#openMenu(message) });
    this.#composer = new Composer(shared);
    const onJump = (id) => this.#list.jump(id);
    this.tools = [
      button({ label: "Search in the chat", icon: "search", class: "quiet icon-only", onClick: () => openSearch({ store, past, onJump }) }),
      button({ label: "Chat options", icon: "settings", class: "quiet icon-only", onClick: () => openChatOptions({ store, past }) }),
    ];
    this.element = h("div", { class: "chat" }, pinnedBar({ ...shared, onJump: (id) => void this.#list.show(id) }), this.#list.element, whoWrites(parts), this.#composer.element);
    this.#composer.takeFiles(this.element);
    this.#list.onScroll = () => this.#look();
    bag.add(store.on("chat", ({ message, isReset }) => (isReset ? this.#showAll() : this.#arrived(message))));
    for (const topic of ["marks", "message", "participants"]) bag.add(store.on(topic, () => this.#showReceipt()));
    bag.add(store.on("left", ({ participant }) => rememberGone(store, participant)));
    bag.listen(document, "visibilitychange", () => this.#look());
  }

  opened() {
    this.isOpen = true;
    this.#list.showUnread(this.#reading.unread[0]);
    this.#list.toUnread();
    this.#look();
    void this.#lines.load();
    this.#composer.focus();
  }

  closed() {
    this.isOpen = false;
  }

  #showAll() {
    this.#reading.begin();
    this.#list.showAll();
    this.#list.showUnread(this.#reading.unread[0]);
    this.#look();
    this.#showReceipt();
  }

  #arrived(message) {
    this.#list.arrived(message);
    this.#reading.delivered();
    this.#look();
    this.#showReceipt();
    if (!isMe(this.#store, message.by)) announce(`${message.name}: ${excerpt(message, 200)}`);
  }

  /** Whoever sees the newest message has read it. */
  #look() {
    if (this.isOpen && !document.hidden && this.#list.isAtEnd) this.#reading.readAll();
    const { unread } = this.#reading;
    this.onUnread(unread.length, unread.some((one) => mentionsMe(this.#store, one)));
  }

  #showReceipt() {
    this.#list.showReceipt(receiptOf(this.#store));
  }

  #openMenu(message) {
    openMessageMenu(message, {
      store: this.#store,
      deeds: this.#deeds,
      onReply: () => this.#composer.reply(message),
      onEdit: () => this.#composer.edit(message),
      onPrivate: (id) => this.#composer.writeTo([id]),
    });
  }
}
