/** Files that are to go with the message that is being written: chosen, dropped or pasted, and brought at once. */
import { takeDrops, takePastesInto } from "../files/hands.js";
import { iconOf } from "../files/kinds.js";
import { sendingEntry, whyNot } from "../files/sending.js";
import { Uploads } from "../files/uploads.js";
import { deleteFile } from "../http/files.js";
import { sizeText } from "../ui/bytes.js";
import { announce, button, h, icon } from "../ui/dom.js";
import { explain } from "../ui/explain.js";
import { follow } from "../ui/keyed.js";
import { toast } from "../ui/toast.js";
import { isTooLarge, sealed } from "./sealing.js";

const MOST = 20; // docs/limits.md, CHAT_FILES

export class Attachments {
  onChange = () => {};
  /** @type {{id: string, name: string, about: any}[]} what is there and waits to be sent; `about`: of a sealed one */
  ready = [];
  #access;
  #secrets;
  #uploads;
  #about = new WeakMap(); // what a sealed file on its way really is
  #sealing = 0;
  #entries = new Map();
  #note = h("p", { class: "muted", role: "status" });
  #sending = h("ul", { class: "files", "aria-label": "Files on their way" });
  #list = h("ul", { class: "files", "aria-label": "Files that go with the message" });
  #chooser = h("input", { type: "file", multiple: true, hidden: true, "aria-label": "Files to send", on: { change: () => this.#chosen() } });
  button = button({ label: "Send files", icon: "files", class: "quiet icon-only attach", onClick: () => this.#chooser.click() });
  element = h("div", { class: "attachments", hidden: true }, this.#note, this.#sending, this.#list, this.#chooser);

  /** @param {{meeting: string, access: import("../files/access.js").Access, secrets: any, bag: any}} parts */
  constructor({ meeting, access, secrets, bag }) {
    this.#access = access;
    this.#secrets = secrets;
    this.#uploads = new Uploads({ meeting, headers: access.headers, isForChat: true });
    this.#uploads.on("change", () => this.#show());
    this.#uploads.on("brought", (upload) => this.#brought(upload));
    this.#uploads.on("failed", ({ file, error }) => announce(`${this.#nameOf(file)} was not added. ${whyNot(error)}`));
    bag.add(() => this.#uploads.stop());
  }

  get isBusy() {
    return this.#sealing > 0 || this.#uploads.isBusy;
  }

  get mayAdd() {
    return this.#access.mayBring();
  }

  /** @param {HTMLElement} zone where files may be dropped @param {HTMLElement} field where a picture may be pasted */
  takeFrom(zone, field, isTaken) {
    const mayTake = () => this.mayAdd && isTaken();
    takeDrops(zone, (files) => void this.add(files), mayTake);
    takePastesInto(field, (files) => void this.add(files), mayTake);
  }

  /** @param {File[]} files */
  async add(files) {
    const room = MOST - this.ready.length - this.#uploads.entries.size - this.#sealing;
    const taken = files.slice(0, Math.max(0, room));
    if (taken.length < files.length) toast(`A message has at most ${MOST} files.`, { kind: "bad" });
    if (taken.length > 0) announce(taken.length === 1 ? `Adding ${taken[0].name}` : `Adding ${taken.length} files`);
    if (!this.#secrets.isOn) return void this.#uploads.add(taken);
    this.#sealing += taken.length; // these have their places, however long they take
    for (const file of taken) await this.#seal(file);
    return undefined;
  }

  /** What was ready is with a message now. @returns {{id: string, name: string, about: any}[]} */
  take() {
    const taken = this.ready;
    this.ready = [];
    this.#show();
    return taken;
  }

  async #seal(file) {
    this.#show();
    try {
      if (isTooLarge(file)) return void toast(`${file.name} is too large to be encrypted here.`, { kind: "bad" });
      const { sealed: closed, about } = await sealed(file, this.#secrets.room);
      this.#about.set(closed, about);
      this.#uploads.add([closed]);
    } catch (error) {
      toast(`${file.name} was not added. ${error instanceof DOMException ? whyNot(error) : explain(error)}`, { kind: "bad" });
    } finally {
      this.#sealing -= 1;
      this.#show();
    }
    return undefined;
  }

  #nameOf(file) {
    return this.#about.get(file)?.name ?? file.name;
  }

  #chosen() {
    const files = [...this.#chooser.files];
    this.#chooser.value = ""; // the same file may be chosen again
    void this.add(files);
  }

  #brought({ id, file }) {
    const about = this.#about.get(file);
    this.ready.push({ id, name: this.#nameOf(file), size: about?.size_bytes ?? file.size, type: about?.media_type ?? file.type, about });
    announce(`${this.#nameOf(file)} is ready to be sent`);
    this.#show();
  }

  #remove(one) {
    this.ready = this.ready.filter((other) => other !== one);
    deleteFile(one.id, this.#access.headers()).catch(() => {}); // else it goes by itself, as no message has it
    this.#show();
  }

  #show() {
    const wanted = [...this.#uploads.entries];
    follow(this.#sending, this.#entries, wanted, (upload) => {
      const [key] = wanted.find(([, one]) => one === upload);
      return sendingEntry(upload, { name: this.#nameOf(upload.file), retry: () => this.#uploads.retry(upload), remove: () => this.#uploads.remove(key) });
    });
    const before = document.activeElement?.closest(".attachments") && [...this.#list.querySelectorAll("button")].indexOf(document.activeElement);
    this.#list.replaceChildren(...this.ready.map((one) => readyEntry(one, () => this.#remove(one))));
    if (before >= 0) (this.#list.querySelectorAll("button")[Math.min(before, this.ready.length - 1)] ?? this.button).focus();
    this.#note.textContent = this.#sealing > 0 ? "Encrypting…" : "";
    this.#note.hidden = this.#sealing === 0;
    this.element.hidden = wanted.length === 0 && this.ready.length === 0 && this.#sealing === 0;
    this.element.setAttribute("aria-busy", String(this.isBusy));
    this.onChange();
  }
}

function readyEntry({ name, size, type }, onRemove) {
  const about = h("span", { class: "about" }, h("bdi", { class: "file-name", text: name }), h("span", { class: "muted", text: sizeText(size) }));
  return h("li", { class: "file" }, h("span", { class: "file-picture" }, icon(iconOf({ media_type: type }))), about, button({ label: `Take ${name} away`, icon: "close", class: "quiet icon-only", onClick: onRemove }));
}
