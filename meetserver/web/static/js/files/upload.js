/** One file on its way to the server: goes on by itself after the line broke, until it is there or is refused. */
import { fileIsThere } from "../http/files.js";
import { forgetPlace, keepPlace, recallPlace } from "./places.js";
import * as tus from "./tus.js";

const PART_BYTES = 8 * 1024 * 1024; // what the server stores as one, docs/limits.md
const BACKOFF_MS = 500;
const BACKOFF_MAX_MS = 20_000;
const MOST_BEGINNINGS = 3;
const PASSING = new Set([0, 408, 429, 460, 500, 502, 503, 504]);

export class Upload {
  /** @type {"queued"|"sending"|"taken in"|"waiting"|"done"|"failed"|"cancelled"} */
  state = "queued";
  sent = 0;
  error = null;
  /** The file's, as soon as the server has taken the upload on: a file is known by the upload that it was. */
  id = null;
  onChange = () => {};
  #meeting;
  #headers;
  #isForChat;
  #place = null;
  #offset = null; // null: the server knows
  #beginnings = 0;
  #failures = 0;
  #refusal = null; // why the last part was not taken, which may have ended the upload
  #stopped = new AbortController();

  /**
   * @param {File} file
   * @param {{meeting: string, headers: () => Record<string, string>, isForChat?: boolean}} how `isForChat`: it is to go
   *   with a message, and begins anew with each page
   */
  constructor(file, { meeting, headers, isForChat = false }) {
    this.file = file;
    this.#meeting = meeting;
    this.#headers = headers;
    this.#isForChat = isForChat;
  }

  /** Until it is there, or failed, or was given up: it never throws. */
  async run() {
    this.error = this.#refusal = null;
    this.#beginnings = this.#failures = 0;
    this.#become("sending");
    try {
      this.#goOnAt(this.#isForChat ? this.#place : recallPlace(this.#meeting, this.file));
      this.#offset = null;
      while (!(await this.#step()));
      forgetPlace(this.#meeting, this.file);
      this.#become("done");
    } catch (error) {
      if (this.#stopped.signal.aborted) return;
      this.error = error;
      this.#become("failed");
    }
  }

  /** Nothing of it stays. */
  cancel() {
    this.#stopped.abort();
    forgetPlace(this.#meeting, this.file);
    if (this.#place) tus.end(this.#place, { headers: this.#headers, signal: new AbortController().signal }).catch(() => {}); // else it expires
    this.#become("cancelled");
  }

  /** What has come stays for a while: the same file, chosen again, goes on from there. */
  stop() {
    this.#stopped.abort();
  }

  /** One request, or what follows from its failing. @returns {Promise<boolean>} whether all is there */
  async #step() {
    try {
      if (!this.#place) return await this.#begin();
      return (this.#offset === null && (await this.#look())) || (await this.#append());
    } catch (error) {
      if (this.#stopped.signal.aborted) throw error;
      return this.#afterFailing(error);
    }
  }

  async #begin() {
    if (++this.#beginnings > MOST_BEGINNINGS) throw this.#refusal;
    await this.file.slice(0, 1).arrayBuffer(); // a folder, or a file that is gone, is told from a broken line
    const { place, isWhole } = await tus.begin(this.file, this.#meeting, this.#how());
    this.#goOnAt(place);
    this.#offset = 0;
    if (!this.#isForChat) keepPlace(this.#meeting, this.file, place);
    return isWhole;
  }

  #goOnAt(place) {
    this.#place = place;
    if (place) this.id = place.split("/").at(-1);
  }

  /** @returns {Promise<boolean>} whether it is a file by now */
  async #look() {
    const { offset, isWhole } = await tus.look(this.#place, this.#how());
    this.#offset = offset;
    this.#progress(offset);
    return isWhole;
  }

  async #append() {
    const start = this.#offset;
    const part = this.file.slice(start, start + PART_BYTES);
    this.#progress(start);
    const { offset, isWhole } = await tus.append(this.#place, start, part, this.#how((bytes) => this.#progress(Math.min(start + bytes, this.file.size))));
    this.#offset = offset;
    this.#failures = 0;
    this.#refusal = null;
    return isWhole;
  }

  async #afterFailing(error) {
    const wasWhole = this.sent === this.file.size;
    this.#offset = null;
    if (this.#place && error.status === 404) {
      if (this.#refusal?.status === 409) throw this.#refusal;
      this.#place = null;
      this.#refusal = error;
      return wasWhole && (await fileIsThere(this.id, this.#headers())); // though its last answer was lost
    }
    const isContested = error.status === 409 && this.#place;
    if (!isContested && !PASSING.has(error.status)) throw error;
    if (!error.status) await this.file.slice(0, 1).arrayBuffer();
    this.#refusal = error;
    this.#become("waiting");
    await this.#pause(error.retryAfterS ?? 0);
    this.#become("sending");
    return false;
  }

  /** Longer each time; a line that is back ends it. */
  #pause(atLeastS) {
    const ceiling = Math.min(BACKOFF_MAX_MS, BACKOFF_MS * 2 ** this.#failures++);
    const { signal } = this.#stopped;
    return new Promise((resolve, reject) => {
      const over = () => {
        clearTimeout(timer);
        removeEventListener("online", over);
        signal.removeEventListener("abort", over);
        if (signal.aborted) reject(signal.reason);
        else resolve();
      };
      const timer = setTimeout(over, Math.max(atLeastS * 1000, ceiling * (0.5 + Math.random() / 2)));
      addEventListener("online", over);
      signal.addEventListener("abort", over);
    });
  }

  #how(onSent) {
    return { headers: this.#headers, signal: this.#stopped.signal, onSent, isForChat: this.#isForChat };
  }

  #progress(bytes) {
    this.sent = bytes;
    this.#become(bytes === this.file.size ? "taken in" : "sending");
  }

  #become(state) {
    this.state = state;
    this.onChange();
  }
}
