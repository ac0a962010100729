/** A meeting's files, as a panel of the room and as a part of the meeting's page: list, add, look, save, delete. */
import * as api from "../http/files.js";
import { attempt } from "../ui/act.js";
import { again } from "../ui/again.js";
import { confirm } from "../ui/dialog.js";
import { announce, button, h, icon, notice } from "../ui/dom.js";
import { explain } from "../ui/explain.js";
import { follow } from "../ui/keyed.js";
import { toast } from "../ui/toast.js";
import { fileEntry } from "./entry.js";
import { takePastes } from "./hands.js";
import { viewOf } from "./kinds.js";
import { Listing } from "./listing.js";
import { save } from "./saving.js";
import { sendingEntry, whyNot } from "./sending.js";
import { MOST_FILES, Uploads } from "./uploads.js";
import { openViewer } from "./viewer.js";

const REFRESH_MS = 30_000;

const stayHere = (event) => event.preventDefault();

export class Files {
  uploads;
  #access;
  #enclosed;
  #listing;
  #list = h("ul", { class: "files", "aria-label": "Files" });
  #entries = new Map();
  #sending = h("ul", { class: "files", "aria-label": "Files on their way" });
  #sendingEntries = new Map();
  #empty = h("div", { class: "empty" }, icon("files"), h("h3", { text: "No files yet" }), h("p", { text: "Files stay with the meeting: who comes later can have them, too." }));
  #problem = h("div", { hidden: true });
  #more = button({ label: "Show more", onClick: () => void this.#listing.more() });
  #chooser = h("input", { type: "file", multiple: true, hidden: true, "aria-label": "Files to add", on: { change: () => this.#chosen() } });
  #adding;
  #rounds = null;

  /** @param {import("./access.js").Access} access @param {{open: (file: any) => void, save: (file: any) => void}} [enclosed] opens what is sealed */
  constructor(access, enclosed) {
    this.#access = access;
    this.#enclosed = enclosed;
    this.#listing = new Listing(access);
    this.uploads = new Uploads({ meeting: access.meeting, headers: access.headers });
    const hint = h("p", { class: "muted wide-only", text: "Or drop them here, or paste a picture." });
    this.#adding = h("div", { class: "files-foot" }, button({ label: "Add files", icon: "plus", class: "primary", onClick: () => this.#chooser.click() }), hint, this.#chooser);
    this.element = h("div", { class: "files-panel" }, h("div", { class: "scroller" }, this.#sending, this.#problem, this.#list, this.#more, this.#empty), this.#adding);
    this.#listing.on("change", () => this.#showList());
    this.#listing.on("arrived", (files) => announce(files.length === 1 ? `New file: ${files[0].name}` : `${files.length} new files`));
    this.uploads.on("change", () => this.#showSending());
    this.uploads.on("brought", ({ file }) => this.#brought(file));
    this.uploads.on("waiting", ({ file }) => announce(`${file.name} waits for the connection`));
    this.uploads.on("failed", ({ file, error }) => this.#failed(file, error));
    takePastes(this.element, (files) => this.add(files));
    this.#empty.hidden = this.#more.hidden = this.#sending.hidden = true;
  }

  get mayAdd() {
    return this.#access.mayBring();
  }

  /** It is looked at from now on: fresh at once, when the page is come back to, and every half minute. */
  opened() {
    this.#adding.hidden = !this.mayAdd;
    if (!this.#rounds) {
      this.#rounds = again(this.element, REFRESH_MS, () => this.#listing.refresh());
      document.addEventListener("visibilitychange", this.#onLookedAt);
      return;
    }
    this.#rounds.pause(false);
    void this.#rounds.now();
  }

  closed() {
    this.#rounds?.pause(true);
  }

  /** @param {File[]} files */
  add(files) {
    if (!this.mayAdd) return;
    const tooMany = this.uploads.add(files);
    if (tooMany > 0) toast(`At most ${MOST_FILES} files go at once. Add the other ${tooMany} afterwards.`, { kind: "bad" });
    announce(files.length === 1 ? `Adding ${files[0].name}` : `Adding ${files.length - tooMany} files`);
  }

  #onLookedAt = () => {
    if (!this.element.isConnected) return document.removeEventListener("visibilitychange", this.#onLookedAt);
    return !document.hidden && this.element.checkVisibility() && void this.#rounds.now();
  };

  #chosen() {
    const files = [...this.#chooser.files];
    this.#chooser.value = ""; // the same file may be chosen again
    this.add(files);
  }

  #brought({ name }) {
    announce(`${name} is added`);
    if (!this.element.checkVisibility()) toast(`${name} is added.`);
    void this.#listing.refresh();
  }

  #failed({ name }, error) {
    const text = `${name} was not added. ${whyNot(error)}`;
    if (this.element.checkVisibility()) announce(text);
    else toast(text, { kind: "bad" });
  }

  #showSending() {
    // Whoever leaves the page now would lose what is on its way. Browsers want to be told only while it is so.
    (this.uploads.isBusy ? addEventListener : removeEventListener)("beforeunload", stayHere);
    const wanted = [...this.uploads.entries];
    follow(this.#sending, this.#sendingEntries, wanted, (upload) => {
      const [key] = wanted.find(([, one]) => one === upload);
      return sendingEntry(upload, { retry: () => this.uploads.retry(upload), remove: () => this.uploads.remove(key) });
    });
    this.#sending.hidden = wanted.length === 0;
    this.#showEmpty();
  }

  #showList() {
    const { items, error, isLoaded, hasMore } = this.#listing;
    const acts = { open: (file) => this.#open(file), save: (file) => this.#save(file), remove: (file) => void this.#remove(file) };
    follow(this.#list, this.#entries, items.map((file) => [file.sealed ? `${file.id} sealed` : file.id, file]), (file) => fileEntry(file, this.#access, acts));
    this.#more.hidden = !hasMore;
    const isUnknown = error && !isLoaded;
    this.#problem.hidden = !isUnknown;
    if (isUnknown) this.#problem.replaceChildren(notice("bad", explain(error)), button({ label: "Try again", onClick: () => void this.#listing.refresh() }));
    this.#showEmpty();
  }

  #showEmpty() {
    this.#empty.hidden = !this.#listing.isLoaded || this.#listing.items.length > 0 || this.uploads.entries.size > 0;
  }

  #open(file) {
    if (file.sealed) return this.#enclosed.open(file.sealed);
    const how = { access: this.#access, save: (one) => save(one, this.#access) };
    const open = this.#listing.items.filter(({ sealed }) => !sealed);
    return viewOf(file) ? openViewer(file, open, how) : this.#save(file);
  }

  #save(file) {
    if (file.sealed) this.#enclosed.save(file.sealed);
    else void attempt(() => save(file, this.#access));
  }

  async #remove({ id, name }) {
    const sure = await confirm({ title: "Delete this file?", text: `“${name}” goes for everybody. This cannot be undone.`, yes: "Delete", danger: true });
    if (!sure) return;
    await attempt(async () => {
      await api.deleteFile(id, this.#access.headers());
      await this.#listing.refresh();
      return `${name} is deleted.`;
    });
  }
}
