/** What one decides for oneself about the chat. */
import { openDialog } from "../ui/dialog.js";
import { h } from "../ui/dom.js";
import { switchField } from "../ui/switch.js";
import { setTellsRead, tellsRead } from "./reading.js";

export function openChatOptions() {
  const read = switchField({ label: "Tell others what I have read", hint: "In this browser. Without it they still see that messages have reached you.", checked: tellsRead(), onChange: setTellsRead });
  openDialog({ title: "Chat", body: h("div", { class: "switches" }, read.element) });
}
