/** Keys for what is used most. Not while somebody writes, and not over a dialog. */
import { h } from "../ui/dom.js";
import { openDialog } from "../ui/dialog.js";

const KEYS = [
  ["m", "audio", "Microphone on or off"],
  ["v", "camera", "Camera on or off"],
  ["h", "hand", "Raise or lower your hand"],
  ["s", "screen", "Share your screen, or stop"],
  ["c", "chat", "Chat"],
  ["p", "people", "People"],
  ["f", "files", "Files"],
  ["w", "board", "Whiteboard"],
  ["?", "help", "This list"],
];
const BOARD_KEYS = [
  ["Ctrl+Z", "On the board: undo your last change; with Shift, redo"],
  ["Enter", "On the board: put what the tool makes in the middle"],
  [". ,", "On the board: select the next or the previous element; arrows move it"],
];

/** @param {Record<string, () => void>} actions by the names above @param {() => void} onEscape @param {any} bag */
export function listenForKeys(actions, onEscape, bag) {
  bag.listen(document, "keydown", (event) => {
    if (!document.body.classList.contains("in-room") || document.querySelector("dialog[open]") || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.key === "Escape") return onEscape();
    if (isWriting(event.target) || event.repeat) return;
    const action = KEYS.find(([key]) => key === event.key.toLowerCase())?.[1];
    if (!action) return;
    event.preventDefault();
    actions[action]?.();
  });
}

export function showShortcuts() {
  const rows = KEYS.flatMap(([key, , does]) => [h("dt", {}, h("kbd", { text: key.toUpperCase() })), h("dd", { text: does })]);
  rows.push(h("dt", {}, h("kbd", { text: "Esc" })), h("dd", { text: "Close the open panel" }));
  for (const [keys, does] of BOARD_KEYS) rows.push(h("dt", {}, h("kbd", { text: keys })), h("dd", { text: does }));
  rows.push(h("dt", {}, h("kbd", { text: "↑" })), h("dd", { text: "In the chat: change your last message" }));
  rows.push(h("dt", {}, h("kbd", { text: "@" })), h("dd", { text: "In the chat: mention somebody" }));
  openDialog({ title: "Keyboard shortcuts", body: h("dl", { class: "shortcuts" }, ...rows) });
}

function isWriting(target) {
  return target instanceof HTMLElement && (target.isContentEditable || target.tagName === "TEXTAREA" || target.tagName === "SELECT" || (target.tagName === "INPUT" && !["radio", "checkbox"].includes(target.type)));
}
