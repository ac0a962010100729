/** One file in the list: what it is, and what can be done with it. */
import { button, h, icon } from "../ui/dom.js";
import { sizeText } from "../ui/bytes.js";
import { day, moment, shortest } from "../ui/time.js";
import { iconOf } from "./kinds.js";
import { thumbnail } from "../http/files.js";
import { showPicture, whenSeen } from "./picture.js";

const THUMBNAIL_PX = 256;

/**
 * @param {any} file @param {import("./access.js").Access} access
 * @param {{open: (file: any) => void, save: (file: any) => void, remove: (file: any) => void}} acts
 */
export function fileEntry(file, access, acts) {
  let current = file;
  const picture = h("span", { class: "file-picture" }, icon(iconOf(file)));
  const about = h("span", { class: "muted" });
  const open = h("button", { type: "button", class: "file-open", on: { click: () => acts.open(current) } }, picture, h("span", { class: "about" }, h("bdi", { class: "file-name", text: file.name }), about));
  const save = button({ label: `Download ${file.name}`, icon: "download", class: "quiet icon-only", onClick: () => acts.save(current) });
  const remove = button({ label: `Delete ${file.name}`, icon: "trash", class: "quiet icon-only", onClick: () => acts.remove(current) });
  const element = h("li", { class: "file", data: { file: file.id } }, open, save, remove);
  let isPictured = false;
  const update = (now) => {
    current = now;
    const size = now.is_held ? "Being checked for viruses" : sizeText(now.size_bytes);
    const parts = [size, access.whoBrought(now), shortest(now.created_at), now.expires_at && `until ${day(now.expires_at)}`];
    about.textContent = parts.filter(Boolean).map((part) => part.replaceAll(" ", "\u00a0")).join(" · "); // lines break between them
    about.title = moment(now.created_at);
    open.disabled = save.disabled = now.is_held;
    remove.hidden = !access.mayDelete(now);
    if (now.width && !now.is_held && !isPictured) {
      isPictured = true;
      whenSeen(element, () => void showPicture(picture, () => thumbnail(now.id, THUMBNAIL_PX, access.headers())));
    }
  };
  return { element, update };
}
