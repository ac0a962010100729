/** Files on their way to one meeting, a few at a time. Topics: `change`; `brought`, `failed` and `waiting` with an upload. */
import { Emitter } from "../emitter.js";
import { Upload } from "./upload.js";

const AT_ONCE = 2;
export const MOST_FILES = 100;

export class Uploads extends Emitter {
  /** @type {Map<string, Upload>} by a key of this page's */
  entries = new Map();
  #how;
  #serial = 0;

  /** @param {{meeting: string, headers: () => Record<string, string>, isForChat?: boolean}} how */
  constructor(how) {
    super();
    this.#how = how;
  }

  get isBusy() {
    return [...this.entries.values()].some(({ state }) => state !== "failed");
  }

  /** @param {File[]} files @returns {number} how many were one too many */
  add(files) {
    const taken = files.slice(0, Math.max(0, MOST_FILES - this.entries.size));
    for (const file of taken) this.entries.set(String(++this.#serial), this.#made(file));
    this.#pump();
    return files.length - taken.length;
  }

  retry(upload) {
    upload.state = "queued";
    this.#pump();
  }

  /** Ends it, or takes away one that failed. */
  remove(key) {
    this.entries.get(key)?.cancel();
    this.entries.delete(key);
    this.#pump();
  }

  stop() {
    for (const upload of this.entries.values()) upload.stop();
    this.entries.clear();
    this.emit("change");
  }

  #made(file) {
    const upload = new Upload(file, this.#how);
    let before = upload.state;
    upload.onChange = () => {
      this.emit("change");
      if (upload.state === "waiting" && before !== "waiting") this.emit("waiting", upload);
      before = upload.state;
    };
    return upload;
  }

  #pump() {
    const all = [...this.entries];
    const free = AT_ONCE - all.filter(([, { state }]) => state !== "queued" && state !== "failed").length;
    for (const [key, upload] of all.filter(([, { state }]) => state === "queued").slice(0, Math.max(0, free))) void this.#run(key, upload);
    this.emit("change");
  }

  async #run(key, upload) {
    await upload.run();
    if (!this.entries.has(key)) return; // given up meanwhile
    if (upload.state === "done") this.entries.delete(key);
    this.emit(upload.state === "done" ? "brought" : "failed", upload);
    this.#pump();
  }
}
