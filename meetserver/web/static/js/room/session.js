/**
 * A session in a room over as many connections as it takes: reconnects with jittered backoff, resumes where it
 * stood, keeps the epoch and seq of the last durable event applied, and sends what is unanswered again.
 *
 * Emits "status" {state: "connecting"|"waiting"|"online"|"reconnecting"|"ended", …}, "opened" (ok of hello, and again
 * when the lobby is left), "event" (frame), "leaving" (the last moment to say something).
 */
import { Emitter } from "../emitter.js";
import { Pending } from "./pending.js";
import { CommandError, Socket } from "./socket.js";

const BACKOFF_MS = 250;
const BACKOFF_MAX_MS = 5000;
const MAX_BACKLOG_BYTES = 64 * 1024;
const NEW_TICKET_TRIES = 2;
/** A position that no log has: the server then sends its whole state instead of what is missing. */
const NOWHERE = Number.MAX_SAFE_INTEGER;

export const newTxn = () => [...crypto.getRandomValues(new Uint8Array(12))].map((byte) => byte.toString(16).padStart(2, "0")).join("");

export class Session extends Emitter {
  status = { state: "connecting" };
  resumeToken = null;
  epoch = 0;
  seq = NOWHERE;
  #socket = null;
  #pending = new Pending();
  #ticket;
  #newTicket;
  #url;
  #failures = 0;
  #ticketTries = 0;
  #retryTimer;
  #waitAtLeastMs = 0;
  #wasOnline = false;
  #waiting = null; // the ok to our hello, while we are in the lobby
  #onOnline = () => this.#retryNow();

  /**
   * @param {{url: string, ticket?: string, resume?: {token: string, epoch: number}, newTicket: () => Promise<string>}} how
   *   `resume` is where an earlier load of this page stood. It has the token but none of the state, so it asks for all of it.
   */
  constructor({ url, ticket, resume, newTicket }) {
    super();
    this.#url = url;
    this.#ticket = ticket;
    this.#newTicket = newTicket;
    if (resume) {
      this.resumeToken = resume.token;
      this.epoch = resume.epoch;
    }
  }

  start() {
    addEventListener("online", this.#onOnline);
    this.#connect();
  }

  /** A command that changes durable state: answered once, sent as often as needed. */
  durable(type, data, txn = newTxn()) {
    if (this.status.state === "ended") return Promise.reject(ended());
    return this.#pending.add(type, data, txn);
  }

  /** A command that may be lost: not kept over a reconnect. @returns {Promise<any>} */
  ask(type, data) {
    return this.#socket?.isOpen ? this.#socket.ask(type, data) : Promise.reject(ended());
  }

  /** As `ask`, for whoever does not care about the answer. `droppable` is left out when the line is slow. */
  tell(type, data, { droppable = false } = {}) {
    if (!this.#socket?.isOpen || (droppable && this.#socket.backlog > MAX_BACKLOG_BYTES)) return;
    this.#socket.ask(type, data).catch(() => {});
  }

  get unanswered() {
    return this.#pending.size;
  }

  async leave() {
    this.emit("leaving");
    const bye = this.#socket?.isOpen ? this.#socket.ask("bye", {}).catch(() => {}) : Promise.resolve();
    await Promise.race([bye, new Promise((resolve) => setTimeout(resolve, 800))]);
    this.#end({ why: "left" });
  }

  /** Stop without saying bye: the place is kept, for a reload. */
  stop() {
    this.#end({ why: "stopped" });
  }

  #connect() {
    clearTimeout(this.#retryTimer);
    const hello = this.resumeToken ? { resume: { token: this.resumeToken, epoch: this.epoch, seq: this.seq } } : { ticket: this.#ticket };
    const socket = new Socket(this.#url, hello, {
      open: (ok) => socket === this.#socket && this.#opened(ok),
      event: (frame) => socket === this.#socket && this.#event(frame),
      close: (why) => socket === this.#socket && this.#closed(why),
    });
    this.#socket = socket;
  }

  #opened(ok) {
    const isBack = this.#wasOnline;
    this.#failures = 0;
    this.#ticketTries = 0;
    this.#waitAtLeastMs = 0;
    this.#ticket = null;
    this.resumeToken = ok.resume_token ?? this.resumeToken;
    if (!ok.recovered) this.#moveTo(ok.epoch, ok.seq);
    else if (this.seq === NOWHERE) this.#moveTo(ok.epoch, 0);
    this.emit("opened", ok);
    this.#waiting = ok.state === "waiting" ? ok : null;
    if (this.#waiting) return this.#become({ state: "waiting" });
    this.#wasOnline = true;
    this.#pending.use(this.#socket);
    this.#become({ state: "online", isBack, recovered: Boolean(ok.recovered) });
  }

  #event(frame) {
    if (frame.type === "snapshot" && this.#waiting) return this.#opened({ ...this.#waiting, ...frame.data });
    if (frame.type === "drain") this.#waitAtLeastMs = frame.data?.retry_after_ms ?? 0;
    if (frame.seq !== undefined) {
      if (frame.seq <= this.seq) return; // seen already
      this.#moveTo(frame.epoch, frame.seq);
    }
    this.emit("event", frame);
  }

  #moveTo(epoch, seq) {
    this.epoch = epoch;
    this.seq = seq;
  }

  #closed({ code, reason, error }) {
    this.#socket = null;
    if (this.status.state === "ended") return;
    if (code === 3501 || error?.code === "unauthenticated") return void this.#askForTicket();
    if (error && !error.temporary) return this.#end({ why: "refused", code, reason: error.code, message: error.message });
    if (code >= 3500 && code <= 3999) return this.#end({ why: this.#waiting ? "not let in" : "closed", code, reason });
    this.#waitAtLeastMs = Math.max(this.#waitAtLeastMs, (error?.retryAfterS ?? 0) * 1000);
    this.#later();
  }

  #later() {
    const ceiling = Math.min(BACKOFF_MAX_MS, BACKOFF_MS * 2 ** this.#failures++);
    const waitMs = Math.max(this.#waitAtLeastMs, ceiling * (0.5 + Math.random() / 2));
    this.#become({ state: "reconnecting", attempt: this.#failures, isFirst: !this.#wasOnline });
    this.#retryTimer = setTimeout(() => this.#connect(), waitMs);
  }

  #retryNow() {
    if (this.status.state === "reconnecting" && !this.#socket) this.#connect();
  }

  /** The session is gone (the window ran out, say): come in again as somebody new. */
  async #askForTicket() {
    if (this.#ticketTries++ >= NEW_TICKET_TRIES) return this.#end({ why: "refused", code: 3501, reason: "unauthenticated" });
    this.#become({ state: "reconnecting", attempt: this.#failures, isFirst: !this.#wasOnline });
    this.resumeToken = null;
    this.#pending.failAll(new CommandError({ code: "unsure", message: "The connection was lost for too long to know whether this arrived" }));
    try {
      this.#ticket = await this.#newTicket();
      this.#connect();
    } catch (error) {
      if (error.status >= 400 && error.status < 500 && error.status !== 429) return this.#end({ why: "refused", reason: error.code, message: error.detail });
      this.#ticketTries = 0;
      this.#retryTimer = setTimeout(() => void this.#askForTicket(), BACKOFF_MAX_MS * (0.5 + Math.random() / 2));
    }
  }

  #end(why) {
    if (this.status.state === "ended") return;
    clearTimeout(this.#retryTimer);
    removeEventListener("online", this.#onOnline);
    this.#become({ state: "ended", ...why });
    this.#pending.failAll(ended());
    this.#socket?.close();
  }

  #become(status) {
    this.status = status;
    this.emit("status", status);
  }
}

function ended() {
  return new CommandError({ code: "unsent", message: "not connected to the meeting", temporary: true });
}
