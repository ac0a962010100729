/** The whole chat as a file: for programs, to read and print, as plain text. */
import { actButton } from "../ui/act.js";
import { download } from "../ui/download.js";
import { h } from "../ui/dom.js";

const FORMATS = { html: ["A page to read and print", "html"], text: ["Plain text", "txt"], json: ["JSON, for programs", "json"] };

/** @param {{file: (format: string) => Promise<Blob>, title: () => string}} parts `file` as `Archive.file` @returns {HTMLElement} */
export function savingButtons({ file, title }) {
  const one = ([format, [label, ending]]) => {
    const act = async () => {
      const made = await file(format);
      download(`${title()} chat.${ending}`, made.type, made);
      return "The chat was saved.";
    };
    return actButton({ label, icon: "download", act });
  };
  return h("div", { class: "row", role: "group", "aria-label": "Save the chat" }, ...Object.entries(FORMATS).map(one));
}
