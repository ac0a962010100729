/**
 * Session and store brought together: what the session hears goes into the store in order, also while a big
 * snapshot is still being fetched, or something encrypted opened. The point to come back to after a reload is kept in this tab's storage.
 */
import { forget, keep, recall } from "../ui/storage.js";
import { fillIn, hasLinks } from "./parts.js";

const keyOf = (meeting) => `meet.session.${meeting}`;

export const savedSession = (meeting) => recall(sessionStorage, keyOf(meeting));
export const forgetSession = (meeting) => forget(sessionStorage, keyOf(meeting));

export class Connection {
  #session;
  #store;
  #secrets;
  #held = null; // frames that wait for a snapshot's parts, or for one before them to be opened
  #opening = 0;

  /**
   * @param {import("./session.js").Session} session
   * @param {import("./store.js").Store} store
   * @param {{meeting: string, join: any, secrets: any}} where `join` is the answer of POST …/join without its ticket
   */
  constructor(session, store, { secrets, ...where }) {
    this.#session = session;
    this.#store = store;
    this.#secrets = secrets;
    session.on("opened", (ok) => void this.#opened(ok, where));
    session.on("event", (frame) => this.#take(frame));
  }

  #take(frame) {
    if (this.#held) return void this.#held.push(frame);
    const opened = this.#secrets.prepare(frame);
    if (!opened) return this.#store.apply(frame);
    this.#held = [];
    return void this.#applyHeld(this.#opening, opened, frame);
  }

  /** First this frame, once it is opened, then all that came meanwhile; unless all begins anew. */
  async #applyHeld(mine, opened, frame) {
    const held = this.#held;
    for (let next = frame; next; next = held.shift(), opened = next && this.#secrets.prepare(next)) {
      await opened;
      if (mine !== this.#opening) return;
      this.#store.apply(next);
    }
    this.#held = null;
  }

  async #opened(ok, { meeting, join }) {
    keep(sessionStorage, keyOf(meeting), { ...join, resume: { token: this.#session.resumeToken, epoch: ok.epoch } });
    const self = { participant: ok.participant, session: ok.session };
    if (ok.state === "waiting") return;
    if (ok.recovered) {
      this.#store.self = self;
      this.#store.refresh({ presence: ok.presence, marks: ok.marks });
      return;
    }
    const mine = ++this.#opening;
    this.#held = null;
    const isSealed = this.#secrets.concerns(ok.snapshot);
    if (!hasLinks(ok.snapshot) && !isSealed) return this.#store.reset(ok.snapshot, self, ok.seq);
    const held = (this.#held = []);
    const snapshot = hasLinks(ok.snapshot) ? await this.#filled(ok.snapshot) : ok.snapshot;
    await this.#secrets.enter(snapshot, self).catch((error) => console.error("the encrypted chat could not be opened", error));
    if (mine !== this.#opening) return;
    this.#store.reset(snapshot, self, ok.seq);
    this.#held = null;
    for (const frame of held) this.#take(frame);
  }

  async #filled(snapshot) {
    try {
      return await fillIn(snapshot, this.#session.resumeToken);
    } catch (error) {
      console.error("a part of the room could not be loaded", error);
      this.#store.emit("incomplete", error);
      return snapshot;
    }
  }
}
