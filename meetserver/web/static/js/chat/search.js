/** Looking for what was said, by its words. */
import { openDialog } from "../ui/dialog.js";
import { button, h, whileBusy } from "../ui/dom.js";
import { explain } from "../ui/explain.js";
import { moment } from "../ui/time.js";
import { isMe } from "./people.js";
import { excerpt } from "./text.js";

const MAX_CHARS = 200;

/** @param {{store: any, past: any, onJump: (id: string) => void}} parts */
export function openSearch({ store, past, onJump }) {
  const input = h("input", { type: "search", class: "input", maxlength: String(MAX_CHARS), required: true, "aria-label": "Words of a message", placeholder: "Words of a message", autocomplete: "off" });
  const go = button({ label: "Search", type: "submit", class: "primary" });
  const status = h("p", { class: "muted", role: "status", text: store.room.settings.e2ee ? "This chat is encrypted: only what this page shows can be searched." : "" });
  const list = h("ul", { class: "entries found-messages" });
  const search = async () => {
    const text = input.value.trim();
    if (!text) return;
    try {
      const found = await past.search(text);
      status.textContent = found.length === 0 ? "Nothing was found." : `${found.length} ${found.length === 1 ? "message" : "messages"}`;
      list.replaceChildren(...found.map((message) => result(message)));
    } catch (error) {
      status.textContent = explain(error);
      list.replaceChildren();
    }
  };
  const result = (message) =>
    h(
      "li",
      { class: "entry" },
      h("div", { class: "about" }, h("div", { class: "title", text: isMe(store, message.by) ? "You" : message.name }), h("div", { class: "muted", text: moment(message.at) }), h("div", { class: "excerpt", text: excerpt(message, 240) })),
      button({ label: "Show", class: "small", onClick: () => (dialog.close(), dialog.closed.then(() => onJump(message.message_id))) }),
    );
  const form = h("form", { class: "beside", on: { submit: (event) => (event.preventDefault(), void whileBusy(go, search)) } }, input, go);
  const dialog = openDialog({ title: "Search in the chat", body: [form, status, list] });
}
