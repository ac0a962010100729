/** Where one writes: to everybody or to some, an answer, or something else in the place of what one said before. */
import { button, h } from "../ui/dom.js";
import { explain } from "../ui/explain.js";
import { toast } from "../ui/toast.js";
import { openAddressees } from "./addressees.js";
import { Attachments } from "./attachments.js";
import { Completion } from "./completion.js";
import { isMe, namesOf } from "./people.js";
import { SlowMode } from "./slow.js";
import { excerpt } from "./text.js";
import { Typing } from "./typing.js";

const MAX_CHARS = 8000;

export class Composer {
  #to = [];
  #answer = null;
  #edit = null;
  #draft = ""; // what was being written when an edit began
  #parts;
  #store;
  #typing;
  #slow;
  #input = h("textarea", { class: "input", rows: "1", maxlength: String(MAX_CHARS), placeholder: "Write a message" });
  #send = button({ label: "Send", icon: "send", type: "submit", class: "primary icon-only" });
  #choose = button({ label: "Write to some people only", icon: "person", class: "quiet icon-only choose", "aria-haspopup": "dialog", onClick: () => openAddressees(this.#store, this.#to, (to) => this.writeTo(to)) });
  #privately = bar("Privately to", () => this.writeTo([]));
  #about = bar("", () => this.#stopAbout());
  #closed = h("p", { class: "closed muted", hidden: true, text: "Only hosts write in this chat." });
  #completion;
  #attachments;
  #form;

  /** @param {{meeting: string, store: any, session: any, outbox: any, deeds: any, access: any, secrets: any, bag: any}} parts */
  constructor(parts) {
    this.#parts = parts;
    this.#store = parts.store;
    this.#typing = new Typing(parts);
    this.#slow = new SlowMode({ ...parts, onChange: (seconds) => this.#showSlow(seconds) });
    this.#completion = new Completion({ store: parts.store, input: this.#input });
    this.#attachments = new Attachments(parts);
    this.#attachments.onChange = () => this.#showSlow(this.#slow.seconds);
    this.#form = h("form", { class: "composer", on: { submit: (event) => (event.preventDefault(), void this.#submit()) } }, this.#choose, this.#attachments.button, this.#input, this.#send);
    this.element = h("div", { class: "writing" }, this.#completion.element, this.#privately.element, this.#about.element, this.#attachments.element, this.#form, this.#closed);
    this.#input.addEventListener("keydown", (event) => this.#key(event));
    this.#input.addEventListener("input", () => this.#wrote());
    this.#input.addEventListener("paste", (event) => this.#pasted(event));
    for (const topic of ["room", "participants"]) parts.bag.add(this.#store.on(topic, () => this.#showRules()));
    parts.bag.add(this.#store.on("message", ({ message }) => message.deleted_at && this.#isAbout(message) && this.#stopAbout()));
    this.#showRules();
  }

  focus() {
    this.#input.focus({ preventScroll: true });
  }

  /** What is dropped there, or pasted into the field, goes with the message. @param {HTMLElement} zone */
  takeFiles(zone) {
    this.#attachments.takeFrom(zone, this.#input, () => !this.#form.hidden && !this.#edit);
  }

  writeTo(ids) {
    this.#to = ids;
    this.#showRules();
    this.focus();
  }

  /** An answer goes to whom the message went. */
  reply(message) {
    this.#stopAbout();
    this.#answer = message;
    if (message.to) this.#to = [...new Set([message.by, ...message.to])].filter((id) => !isMe(this.#store, id));
    this.#about.show(`Answer to ${isMe(this.#store, message.by) ? "yourself" : message.name}: ${excerpt(message, 80)}`);
    this.#showRules();
    this.focus();
  }

  edit(message) {
    this.#stopAbout();
    this.#draft = this.#input.value;
    this.#edit = message;
    this.#about.show(`Change: ${excerpt(message, 80)}`);
    this.#fill(message.text);
    this.#showRules();
  }

  #isAbout(message) {
    return [this.#edit, this.#answer].some((one) => one?.message_id === message.message_id);
  }

  #stopAbout() {
    if (this.#edit) this.#fill(this.#draft);
    this.#edit = this.#answer = null;
    this.#draft = "";
    this.#about.hide();
    this.#showRules();
  }

  #fill(text) {
    this.#input.value = text;
    this.#fit();
    this.focus();
  }

  #key(event) {
    if (event.isComposing || this.#completion.key(event)) return;
    if (event.key === "Escape" && (this.#edit || this.#answer)) {
      event.stopPropagation();
      this.#stopAbout();
    } else if (event.key === "ArrowUp" && !this.#input.value && !this.#edit) {
      const last = this.#store.chat.messages.findLast((one) => this.#parts.deeds.mayEdit(one));
      if (last) event.preventDefault(), this.edit(last);
    } else if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      void this.#submit();
    }
  }

  async #submit() {
    const text = this.#input.value.trim();
    if (!text && (this.#edit || this.#attachments.ready.length === 0)) return;
    if (!this.#edit && this.#attachments.isBusy) return void toast("The files are still on their way. Send the message when they are there.");
    if (!this.#edit && this.#slow.seconds > 0) return;
    this.#typing.tell(false);
    this.#completion.close();
    if (this.#edit) return void (await this.#change(this.#edit, text));
    const mentions = this.#completion.mentionedIn(text);
    const enclosed = this.#attachments.take();
    const files = enclosed.map(({ id }) => id);
    this.#parts.outbox.send({ ...(text && { text }), ...(files.length > 0 && { files }), ...(this.#to.length > 0 && { to: this.#to }), ...(this.#answer && { reply_to: this.#answer.message_id }), ...(mentions.length > 0 && { mentions }) }, enclosed);
    this.#input.value = "";
    this.#stopAbout();
    this.#fit();
    this.focus();
  }

  async #change(message, text) {
    this.#stopAbout();
    try {
      await this.#parts.deeds.edit(message, text);
    } catch (error) {
      toast(explain(error), { kind: "bad" });
      if (this.#input.value) return; // something else is being written
      this.edit(message);
      this.#fill(text);
    }
  }

  /** Browsers cut off what is too long, and say nothing. */
  #pasted({ clipboardData }) {
    const { value, selectionStart, selectionEnd } = this.#input;
    const length = value.length - (selectionEnd - selectionStart) + clipboardData.getData("text/plain").replaceAll("\r\n", "\n").length;
    if (length > MAX_CHARS) toast(`A message has at most ${MAX_CHARS} characters: the rest of what was pasted is not in it. Send it as a file, or in parts.`, { kind: "bad" });
  }

  #wrote() {
    this.#fit();
    this.#completion.update();
    if (!this.#edit) this.#typing.wrote(this.#input.value);
  }

  #showRules() {
    const { settings } = this.#store.room;
    const isSilenced = this.#parts.deeds.isSilenced;
    this.#form.hidden = isSilenced;
    this.#closed.hidden = !isSilenced;
    if (settings.chat_private === false) this.#to = [];
    this.#choose.hidden = settings.chat_private === false || Boolean(this.#edit);
    this.#attachments.button.hidden = Boolean(this.#edit) || !this.#attachments.mayAdd;
    const names = this.#to.length > 0 ? namesOf(this.#store, this.#to) : "";
    if (names && !isSilenced && !this.#edit) this.#privately.show(`Privately to ${names}`);
    else this.#privately.hide();
    this.#input.setAttribute("aria-label", this.#edit ? "Change the message" : `Message to ${names || "everybody"}`);
    this.#send.setAttribute("aria-label", this.#edit ? "Save" : "Send");
    this.#showSlow(this.#slow.seconds);
  }

  #showSlow(seconds) {
    const waits = seconds > 0 && !this.#edit;
    this.#send.disabled = waits || (this.#attachments.isBusy && !this.#edit);
    this.#input.placeholder = waits ? `Slow mode: wait ${seconds} s` : "Write a message";
    this.#form.dataset.wait = waits ? String(seconds) : "";
  }

  #fit() {
    this.#input.style.height = "auto";
    this.#input.style.height = `${Math.min(this.#input.scrollHeight + 2, 140)}px`;
  }
}

/** A line over the field that says what is being written, with a way out. */
function bar(label, onClose) {
  const text = h("span", { class: "what", text: label });
  const element = h("div", { class: "about-line", hidden: true }, text, button({ label: "Stop this", icon: "close", class: "quiet icon-only", onClick: onClose }));
  return {
    element,
    show: (what) => ((text.textContent = what), (element.hidden = false)),
    hide: () => (element.hidden = true),
  };
}
