/** One message as an element. Links in a text can be pressed; everything else is text. */
import { button, h, hue } from "../ui/dom.js";

const LINK = /\bhttps?:\/\/[^\s<>"']+[^\s<>"'.,;:!?)\]}]/gi;
const time = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });

/** @param {any} message @param {{isOwn: boolean, isSame: boolean, toNames: string}} how isSame: by the same person as the one before */
export function messageElement(message, { isOwn, isSame, toNames }) {
  const author = h("span", { class: "author", text: isOwn ? "You" : message.name });
  author.style.setProperty("--hue", String(hue(message.by)));
  return h(
    "li",
    { class: `message${isOwn ? " own" : ""}${isSame ? " same" : ""}`, data: { message: message.message_id } },
    h("div", { class: "head" }, author, toNames && h("span", { class: "badge", text: `only ${toNames}` }), h("time", { datetime: message.at, text: time.format(new Date(message.at)) })),
    body(message),
  );
}

export function pendingElement(entry, { onRetry, onDiscard }) {
  const isFailed = entry.state === "failed";
  return h(
    "li",
    { class: `message own pending${isFailed ? " failed" : ""}`, data: { txn: entry.txn } },
    h("div", { class: "head" }, h("span", { class: "author", text: "You" }), h("span", { class: "sending", text: isFailed ? "not sent" : "sending…" })),
    h("p", { class: "text" }, ...linked(entry.text)),
    isFailed && h("div", { class: "failure" }, h("span", { text: entry.problem }), button({ label: "Try again", onClick: onRetry }), button({ label: "Discard", class: "quiet", onClick: onDiscard })),
  );
}

function body(message) {
  if (message.text) return h("p", { class: "text" }, ...linked(message.text));
  const why = message.ciphertext ? "This message is encrypted, and cannot be shown here." : "What was said here was erased.";
  return h("p", { class: "text muted", text: why });
}

function linked(text) {
  const parts = [];
  let end = 0;
  for (const match of text.matchAll(LINK)) {
    parts.push(text.slice(end, match.index), h("a", { href: match[0], target: "_blank", rel: "noopener noreferrer", text: match[0] }));
    end = match.index + match[0].length;
  }
  return [...parts, text.slice(end)].filter((part) => part !== "");
}
