/** What one decides for oneself about the chat, and the whole of it as a file. */
import { openDialog } from "../ui/dialog.js";
import { h } from "../ui/dom.js";
import { switchField } from "../ui/switch.js";
import { setTellsRead, tellsRead } from "./reading.js";
import { savingButtons } from "./saving.js";

/** @param {{store: any, past: any}} parts */
export function openChatOptions({ store, past }) {
  const read = switchField({ label: "Tell others what I have read", hint: "In this browser. Without it they still see that messages have reached you.", checked: tellsRead(), onChange: setTellsRead });
  const isEncrypted = Boolean(store.room.settings.e2ee);
  const hint = isEncrypted ? "What you can read of it. The file is made in this page, and is not encrypted." : "All that you may read of it, from its beginning.";
  const save = h("section", { class: "stack", "aria-labelledby": "save-chat" }, h("h3", { id: "save-chat", text: "Save the chat" }), h("p", { class: "muted", text: hint }), savingButtons({ file: (format) => past.file(format), title: () => store.room.title }));
  openDialog({ title: "Chat", body: [h("div", { class: "switches" }, read.element), save] });
}
