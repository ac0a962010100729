/** One message as an element. What people wrote only ever becomes text. */
import { button, h, hue, icon } from "../ui/dom.js";
import { moment } from "../ui/time.js";
import { isMe, mentioned, mentionsMe, nameOf, namesOf } from "./people.js";
import { excerpt, filesOf, textElement, whyEmpty } from "./text.js";

const time = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });

/**
 * @param {any} message
 * @param {{store: any, isSame: boolean, quoted: any, enclosed: import("./enclosed.js").Enclosed, onMenu: () => void, onReact: (emoji: string, isOn: boolean) => void, onQuote: () => void}} how
 *   isSame: by the same person as the one before; quoted: the message that this one answers, if it is at hand
 */
export function messageElement(message, { store, isSame, quoted, enclosed, onMenu, onReact, onQuote }) {
  const isOwn = isMe(store, message.by);
  const author = h("span", { class: "author", text: isOwn ? "You" : message.name });
  author.style.setProperty("--hue", String(hue(message.by)));
  const isPinned = store.chat.pinned.some((one) => one.message_id === message.message_id);
  const classes = ["message", isOwn && "own", isSame && "same", mentionsMe(store, message) && "mentions-me"].filter(Boolean);
  return h(
    "li",
    { class: classes.join(" "), tabindex: "-1", data: { message: message.message_id } },
    h(
      "div",
      { class: "head" },
      author,
      message.to && h("span", { class: "badge", text: `only ${namesOf(store, message.to)}` }),
      h("time", { datetime: message.at, title: moment(message.at), text: time.format(new Date(message.at)) }),
      message.edited_at && h("span", { class: "edited", title: moment(message.edited_at), text: "edited" }),
      isPinned && h("span", { class: "pin-mark", title: "Pinned" }, icon("pin"), h("span", { class: "visually-hidden", text: "Pinned" })),
    ),
    message.reply_to && !message.deleted_at && quote(store, quoted, onQuote),
    h("div", { class: "line-up" }, body(store, message), !message.deleted_at && button({ label: `More about this message by ${isOwn ? "you" : message.name}`, icon: "more", class: "quiet icon-only act", "aria-haspopup": "dialog", onClick: onMenu })),
    enclosed.element(message),
    reactions(store, message, onReact),
  );
}

export function pendingElement(entry, { onRetry, onDiscard }) {
  const isFailed = entry.state === "failed";
  return h(
    "li",
    { class: `message own pending${isFailed ? " failed" : ""}`, data: { txn: entry.txn } },
    h("div", { class: "head" }, h("span", { class: "author", text: "You" }), h("span", { class: "sending", text: isFailed ? "not sent" : "sending…" })),
    entry.text && textElement(entry.text),
    entry.enclosed.length > 0 && h("p", { class: "text muted", text: entry.enclosed.map(({ name }) => name).join(", ") }),
    isFailed && h("div", { class: "failure" }, h("span", { text: entry.problem }), button({ label: "Try again", onClick: onRetry }), button({ label: "Discard", class: "quiet", onClick: onDiscard })),
  );
}

function body(store, message) {
  if (message.text) return textElement(message.text, mentioned(store, message));
  if (filesOf(message).length > 0) return null;
  return h("p", { class: `text muted${message.unreadable ? " unreadable" : ""}`, text: whyEmpty(message) });
}

function quote(store, quoted, onQuote) {
  const about = quoted ? [h("b", { text: isMe(store, quoted.by) ? "You" : quoted.name }), ` ${excerpt(quoted)}`] : ["An earlier message"];
  return h("button", { type: "button", class: "quote", title: "Go to the message that this one answers", on: { click: onQuote } }, ...about);
}

function reactions(store, message, onReact) {
  if (!message.reactions?.length) return null;
  const chips = message.reactions.map(({ emoji, by }) => {
    const isOn = by.some((id) => isMe(store, id));
    const names = namesOf(store, by);
    const label = `${emoji}, ${by.length}: ${names}`;
    return h("button", { type: "button", class: "chip", "aria-pressed": String(isOn), "aria-label": label, title: names, on: { click: () => onReact(emoji, !isOn) } }, h("span", { text: emoji }), h("span", { text: String(by.length) }));
  });
  return h("div", { class: "reactions" }, ...chips);
}

/** Who reacted with what, to be read where nothing can be pointed at. */
export const reactors = (store, message) => (message.reactions ?? []).map(({ emoji, by }) => `${emoji} ${by.map((id) => (isMe(store, id) ? "You" : nameOf(store, id))).join(", ")}`);
