/** What can be done with a message, in a dialog: on a phone a sheet from below. */
import { openDialog } from "../ui/dialog.js";
import { h, icon } from "../ui/dom.js";
import { toast } from "../ui/toast.js";
import { openEmoji, USUAL } from "./emoji.js";
import { reactors } from "./message.js";
import { isMe } from "./people.js";
import { excerpt } from "./text.js";

/** @param {any} message @param {{store: any, deeds: any, onReply: () => void, onEdit: () => void, onPrivate: (id: string) => void}} parts */
export function openMessageMenu(message, { store, deeds, onReply, onEdit, onPrivate }) {
  const entry = (picture, text, act, classes = "") => h("button", { type: "button", class: classes, on: { click: () => (dialog.close(), dialog.closed.then(act)) } }, icon(picture), text);
  const isOwn = isMe(store, message.by);
  const mine = new Set((message.reactions ?? []).filter(({ by }) => by.some((id) => isMe(store, id))).map(({ emoji }) => emoji));
  const react = (emoji) => void deeds.react(message, emoji, !mine.has(emoji));
  const quick = USUAL.map((emoji) => h("button", { type: "button", class: "emoji", "aria-label": `React with ${emoji}`, "aria-pressed": String(mine.has(emoji)), on: { click: () => (dialog.close(), react(emoji)) } }, emoji));
  const more = h("button", { type: "button", class: "emoji", "aria-label": "More emoji", title: "More emoji", on: { click: () => (dialog.close(), dialog.closed.then(() => openEmoji(react))) } }, icon("plus"));
  const isPinned = deeds.isPinned(message);
  const mayWriteTo = !isOwn && store.room.settings.chat_private !== false && store.participants.has(message.by) && !deeds.isSilenced;
  const entries = [
    !deeds.isSilenced && entry("reply", "Reply", onReply),
    mayWriteTo && entry("person", `Write to ${message.name} alone`, () => onPrivate(message.by)),
    message.text && entry("copy", "Copy the text", () => void copyText(message.text)),
    deeds.mayEdit(message) && entry("pen", "Edit", onEdit),
    deeds.mayPin(message) && entry("pin", isPinned ? "Unpin" : "Pin for everybody", () => void deeds.pin(message, !isPinned)),
    deeds.mayDelete(message) && entry("trash", "Delete", () => void deeds.remove(message), "danger"),
  ].filter(Boolean);
  const reacted = reactors(store, message);
  const dialog = openDialog({
    title: isOwn ? "Your message" : `Message by ${message.name}`,
    body: [
      h("p", { class: "muted excerpt", text: excerpt(message) }),
      h("div", { class: "quick", role: "group", "aria-label": "React" }, ...quick, more),
      reacted.length > 0 && h("ul", { class: "reactors", "aria-label": "Reactions" }, ...reacted.map((text) => h("li", { text }))),
      h("div", { class: "menu" }, ...entries),
    ].filter(Boolean),
  });
}

async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    toast("Copied.");
  } catch {
    toast("The browser did not let this page copy.", { kind: "bad" });
  }
}
