/**
 * Session and store brought together: what the session hears goes into the store in order, also while a big
 * snapshot is still being fetched. The point to come back to after a reload is kept in this tab's storage.
 */
import { forget, keep, recall } from "../ui/storage.js";
import { fillIn, hasLinks } from "./parts.js";

const keyOf = (meeting) => `meet.session.${meeting}`;

export const savedSession = (meeting) => recall(sessionStorage, keyOf(meeting));
export const forgetSession = (meeting) => forget(sessionStorage, keyOf(meeting));

export class Connection {
  #session;
  #store;
  #held = null; // frames that wait for a snapshot's parts
  #opening = 0;

  /**
   * @param {import("./session.js").Session} session
   * @param {import("./store.js").Store} store
   * @param {{meeting: string, join: any}} where `join` is the answer of POST …/join without its ticket
   */
  constructor(session, store, where) {
    this.#session = session;
    this.#store = store;
    session.on("opened", (ok) => void this.#opened(ok, where));
    session.on("event", (frame) => (this.#held ? this.#held.push(frame) : store.apply(frame)));
  }

  async #opened(ok, { meeting, join }) {
    keep(sessionStorage, keyOf(meeting), { ...join, resume: { token: this.#session.resumeToken, epoch: ok.epoch } });
    const self = { participant: ok.participant, session: ok.session };
    const mine = ++this.#opening;
    if (ok.state === "waiting") return;
    if (ok.recovered) {
      this.#store.self = self;
      this.#store.refresh({ presence: ok.presence });
      return;
    }
    this.#held = null;
    if (!hasLinks(ok.snapshot)) return this.#store.reset(ok.snapshot, self, ok.seq);
    this.#held = [];
    const snapshot = await this.#filled(ok.snapshot);
    if (mine !== this.#opening) return;
    const held = this.#held;
    this.#held = null;
    this.#store.reset(snapshot, self, ok.seq);
    for (const frame of held) this.#store.apply(frame);
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
