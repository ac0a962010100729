/** The board's rarer things. */
import { openDialog } from "../ui/dialog.js";
import { h, icon } from "../ui/dom.js";
import { openDrawers } from "./drawers.js";
import { importFile, saveAs } from "./files.js";
import { openReplay } from "./replay.js";
import { openVersions } from "./versions.js";

/** @param {any} parts with `easel`, `pictures`, `store`, `meeting`, `session`, `moderation` */
export function openBoardMenu(parts) {
  const { store, easel } = parts;
  const entry = (picture, text, act) => h("button", { type: "button", on: { click: () => (dialog.close(), act()) } }, icon(picture), text);
  const entries = [
    entry("bookmark", "Versions", () => openVersions(parts)),
    entry("past", "The board’s past", () => void openReplay(parts)),
    entry("download", "Save all pages as PDF", () => void saveAs(parts, "pdf")),
    entry("download", "Save this page as PNG", () => void saveAs(parts, "png")),
    entry("download", "Save this page as SVG", () => void saveAs(parts, "svg")),
    !easel.refusal && entry("upload", "Import an Excalidraw file", () => importFile(parts)),
    store.isModerator && entry("people", "Who may draw", () => openDrawers(parts)),
  ];
  const dialog = openDialog({ title: "Whiteboard", body: h("div", { class: "menu" }, ...entries) });
}
