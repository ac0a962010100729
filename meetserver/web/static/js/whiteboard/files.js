/** The board as a file: pictures that the server makes, and drawings made elsewhere. */
import { boardPicture, importDrawing } from "../http/board.js";
import { attempt } from "../ui/act.js";
import { h } from "../ui/dom.js";
import { download } from "../ui/download.js";
import { titleOf } from "./reducer.js";

const TYPES = { svg: "image/svg+xml", png: "image/png", pdf: "application/pdf" };

/** @param {any} parts @param {"svg" | "png" | "pdf"} ending all pages as PDF; others: the page that is shown */
export function saveAs(parts, ending) {
  const { easel, store } = parts;
  return attempt(async () => {
    const picture = await boardPicture(parts, ending, ending === "pdf" ? {} : { page: easel.page });
    const page = ending === "pdf" ? "" : ` - ${titleOf(store.board, easel.page)}`;
    download(`${store.room.title || "Whiteboard"}${page}.${ending}`, TYPES[ending], picture);
  });
}

/** Asks for a file; what is in it comes onto a new page, which is then shown. */
export function importFile(parts) {
  const input = h("input", { type: "file", accept: ".excalidraw,application/json", "aria-label": "Excalidraw file" });
  input.addEventListener("change", () => {
    const [file] = input.files;
    if (file) void attempt(async () => outcome(parts, await importDrawing(parts, file)));
  });
  input.click();
}

function outcome({ easel }, { page, elements, unknown, broken, images }) {
  easel.show(page);
  const left = Object.values(unknown).reduce((sum, count) => sum + count, broken);
  return [`${elements} ${elements === 1 ? "element" : "elements"} imported.`, left > 0 && `${left} could not be shown.`, images > 0 && `${images} are frames without their image.`].filter(Boolean).join(" ");
}
