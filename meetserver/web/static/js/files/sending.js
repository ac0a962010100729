/** A file on its way, as it is shown: how far it is, what went wrong, what to do next. */
import { sizeText, withSizes } from "../ui/bytes.js";
import { button, h } from "../ui/dom.js";
import { explain } from "../ui/explain.js";

/** Where trying again does not help, what may. */
const ADVICE = {
  too_large: "Make it smaller, or send a link to it.",
  bad_file: "Nothing of it was kept. Save it anew with the program that made it, then add it again.",
};
const UNREADABLE = "It cannot be read any more: it was moved or changed, or is a folder. Choose it again.";

/** @param {any} error why an upload failed */
export function whyNot(error) {
  if (error instanceof DOMException) return UNREADABLE;
  return [withSizes(explain(error)), ADVICE[error.code]].filter(Boolean).join(" ");
}

/** @param {import("./upload.js").Upload} upload @param {{retry: () => void, remove: () => void, name?: string}} acts `name`: where the file itself is called otherwise */
export function sendingEntry(upload, { retry, remove, name = upload.file.name }) {
  const { size } = upload.file;
  const status = h("span", { class: "muted" });
  const bar = h("progress", { max: Math.max(1, size), "aria-label": `Adding ${name}` });
  const again = button({ label: "Try again", class: "small", "aria-label": `Try again to add ${name}`, onClick: retry });
  const end = button({ label: `Cancel ${name}`, icon: "close", class: "quiet icon-only", onClick: remove });
  const element = h("li", { class: "sending" }, h("span", { class: "about" }, h("bdi", { class: "file-name", text: name }), status), bar, again, end);
  const update = () => {
    const { state, sent, error } = upload;
    element.dataset.state = state;
    bar.value = size ? sent : Number(state !== "queued");
    bar.hidden = state === "failed";
    again.hidden = state !== "failed" || error.code in ADVICE || error instanceof DOMException;
    status.textContent = {
      queued: "Waits for its turn",
      sending: `${sizeText(sent)} of ${sizeText(size)}`,
      "taken in": "Being checked…",
      waiting: "No connection. It goes on by itself.",
      failed: error && `Not added. ${whyNot(error)}`,
    }[state] ?? "";
  };
  return { element, update };
}
