/** Looking for what was said, by its words: in the room, and on the meeting's page. */
import { openDialog } from "../ui/dialog.js";
import { button, h, whileBusy } from "../ui/dom.js";
import { explain } from "../ui/explain.js";
import { moment } from "../ui/time.js";
import { openAround } from "./around.js";
import { marked, rangesOf } from "./found.js";
import { isMe } from "./people.js";
import { excerpt } from "./text.js";

const MAX_CHARS = 200;
const HINT = "“Several words” in quotes stand together; -word leaves out what has it.";
const ENCRYPTED = "This chat is encrypted: only what this page shows can be searched.";
const OFF = "This meeting’s settings say that its chat is not searched.";
const BEHIND = "The newest messages are not in it yet.";

const hintFor = (settings) => (settings.e2ee ? ENCRYPTED : settings.chat_search === false ? OFF : HINT);

/** @param {{store: any, past: any, onJump: (id: string) => Promise<boolean>}} parts `onJump`: whether it is there */
export function openSearch({ store, past, onJump }) {
  const onShow = async (message) => {
    dialog.close();
    await dialog.closed;
    if (!(await onJump(message.message_id))) await openAround(message, { store, past });
  };
  const nameOf = (message) => (isMe(store, message.by) ? "You" : message.name);
  const body = searchFields({ search: (...what) => past.search(...what), hint: hintFor(store.room.settings), nameOf, onShow });
  const dialog = openDialog({ title: "Search in the chat", body });
}

/**
 * @param {{search: (text: string, cursor?: string) => Promise<any>, hint?: string, nameOf?: (message: any) => string, onShow?: (message: any) => void}} how
 *   as `Archive.search`; `onShow`: lead to the message
 * @returns {HTMLElement[]}
 */
export function searchFields({ search, hint = HINT, nameOf = (message) => message.name, onShow }) {
  const input = h("input", { type: "search", class: "input", maxlength: String(MAX_CHARS), required: true, "aria-label": "Words of a message", placeholder: "Words of a message", autocomplete: "off", enterkeyhint: "search" });
  const go = button({ label: "Search", type: "submit", class: "primary" });
  const status = h("p", { class: "muted", role: "status", text: hint });
  const list = h("ul", { class: "entries found-messages", "aria-label": "Messages that were found" });
  const more = button({ label: "Show more", hidden: true });
  let next = null;
  let sought = "";
  const look = async (cursor) => {
    try {
      const page = await search(sought, cursor);
      if (!cursor) list.replaceChildren();
      list.append(...page.found.map(result));
      next = page.next;
      more.hidden = next === null;
      status.textContent = [countText(list.children.length, next !== null), page.isBehind && BEHIND].filter(Boolean).join(" ");
    } catch (error) {
      status.textContent = explain(error);
      more.hidden = true;
      if (!cursor) list.replaceChildren();
    }
  };
  const result = (message) => {
    const piece = message.text ? marked(message.text, message.highlights ?? rangesOf(message.text, sought)) : [excerpt(message)];
    return h(
      "li",
      { class: "entry", tabindex: "-1" },
      h("div", { class: "about" }, h("div", { class: "title", text: nameOf(message) }), h("time", { class: "muted", datetime: message.at, text: moment(message.at) }), h("div", { class: "excerpt" }, ...piece)),
      onShow && button({ label: "Show", class: "small", "aria-label": `Show this message by ${nameOf(message)}`, onClick: () => void onShow(message) }),
    );
  };
  more.addEventListener("click", () => {
    const last = list.lastElementChild;
    void whileBusy(more, () => look(next)).then(() => last?.nextElementSibling?.focus());
  });
  const submit = (event) => {
    event.preventDefault();
    sought = input.value.trim();
    if (sought) void whileBusy(go, () => look());
  };
  return [h("form", { class: "beside", role: "search", on: { submit } }, input, go), status, list, more];
}

function countText(count, isMore) {
  if (count === 0) return "Nothing was found.";
  return isMore ? `The newest ${count} messages with it.` : `${count} ${count === 1 ? "message" : "messages"}.`;
}
