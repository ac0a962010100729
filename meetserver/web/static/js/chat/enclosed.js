/** The files of messages: pictures as pictures, others by name, to be looked at and saved. */
import { pictureBlob } from "../e2ee/files.js";
import { iconOf, viewOf } from "../files/kinds.js";
import { showPicture, whenSeen } from "../files/picture.js";
import { save } from "../files/saving.js";
import { openViewer } from "../files/viewer.js";
import { aboutFile, thumbnail } from "../http/files.js";
import { attempt } from "../ui/act.js";
import { sizeText } from "../ui/bytes.js";
import { openDialog } from "../ui/dialog.js";
import { button, h, icon } from "../ui/dom.js";
import { download } from "../ui/download.js";
import { CommandError } from "../room/socket.js";
import { isShown, opened } from "./sealing.js";
import { filesOf } from "./text.js";

const THUMBNAIL_PX = 256;
const PICTURES = 200; // kept, so that a message that changes does not flicker
const SHOWN_PX = 240;
const BROKEN = "This file cannot be opened: it is not what its author sent.";

export class Enclosed {
  #access;
  #secrets;
  #pictures = new Map();

  /** @param {{access: import("../files/access.js").Access, secrets: any}} parts */
  constructor({ access, secrets }) {
    this.#access = access;
    this.#secrets = secrets;
  }

  /** @returns {HTMLElement|null} */
  element(message) {
    const files = filesOf(message);
    if (files.length === 0) return null;
    return h("ul", { class: "enclosed", "aria-label": files.length === 1 ? "A file" : `${files.length} files` }, ...files.map((file) => this.#entry(file)));
  }

  /** What goes wrong is said. */
  open(file) {
    void attempt(() => this.#open(file));
  }

  save(file) {
    void attempt(() => this.#save(file));
  }

  #entry(file) {
    const isPicture = file.key ? Boolean(file.thumbnail) : Boolean(file.width);
    const entry = isPicture ? this.#picture(file) : this.#row(file);
    return h("li", { class: isPicture ? "picture" : "file", data: { file: file.id } }, ...entry);
  }

  #picture(file) {
    const place = h("span", { class: "place" }, icon("image"));
    const scale = Math.min(1, SHOWN_PX / Math.max(file.width || 1, file.height || 1));
    place.style.setProperty("--width", `${Math.max(48, Math.round((file.width || SHOWN_PX) * scale))}px`);
    place.style.setProperty("--ratio", String((file.width || 1) / (file.height || 1)));
    whenSeen(place, () => void showPicture(place, () => this.#pictureOf(file), file.name));
    const open = h("button", { type: "button", class: "picture-open", "aria-label": `Picture ${file.name}`, title: file.name, on: { click: () => this.open(file) } }, place);
    return [open];
  }

  #row(file) {
    const about = h("span", { class: "about" }, h("bdi", { class: "file-name", text: file.name }), h("span", { class: "muted", text: sizeText(file.size_bytes) }));
    const open = h("button", { type: "button", class: "file-open", on: { click: () => this.open(file) } }, h("span", { class: "file-picture" }, icon(iconOf(file))), about);
    return [open, button({ label: `Download ${file.name}`, icon: "download", class: "quiet icon-only", onClick: () => this.save(file) })];
  }

  #pictureOf(file) {
    if (file.key) return Promise.resolve(pictureBlob(file.thumbnail));
    const known = this.#pictures.get(file.id) ?? thumbnail(file.id, THUMBNAIL_PX, this.#access.headers());
    this.#pictures.set(file.id, known);
    known.catch(() => this.#pictures.delete(file.id)); // asked for again, another time
    if (this.#pictures.size > PICTURES) this.#pictures.delete(this.#pictures.keys().next().value);
    return known;
  }

  async #open(file) {
    if (file.key) return isShown(file) ? this.#view(file) : this.#save(file);
    const whole = await aboutFile(file.id, this.#access.headers());
    if (!viewOf(whole)) return this.#save(file);
    openViewer(whole, [whole], { access: this.#access, save: (one) => save(one, this.#access) });
    return undefined;
  }

  async #save(file) {
    if (file.key) download(file.name, "application/octet-stream", await this.#opened(file));
    else await save(file, this.#access);
  }

  async #view(file) {
    const url = URL.createObjectURL(await this.#opened(file));
    const foot = h("div", { class: "view-foot" }, button({ label: "Download", icon: "download", class: "primary", onClick: () => this.save(file) }));
    const { element, closed } = openDialog({ title: file.name, body: [h("div", { class: "view" }, h("img", { src: url, alt: file.name })), foot] });
    element.classList.add("viewer");
    void closed.then(() => URL.revokeObjectURL(url));
  }

  async #opened(file) {
    try {
      return await opened(file, this.#secrets.room, this.#access.headers());
    } catch (error) {
      throw error instanceof DOMException ? new CommandError({ code: "broken", message: BROKEN }) : error;
    }
  }
}
