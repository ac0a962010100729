/**
 * One WebSocket connection to a room: welcome, hello, then replies by id and events. It never reconnects
 * and knows no state of the room; session.js does and has.
 */

const PROTOCOL = "meet.v1.json";
const OPEN_TIMEOUT_MS = 10_000;
const QUIET_MS = 20_000; // after this long without a frame we ask for one …
const DEAD_MS = 10_000; // … and give up when none comes: a browser does not show us the server's pings

/** What a command was refused with. `unsent`: the connection ended before an answer came. */
export class CommandError extends Error {
  constructor({ code, message, temporary = false, retry_after_s: retryAfterS = null }) {
    super(message || code);
    this.code = code;
    this.temporary = temporary;
    this.retryAfterS = retryAfterS;
  }
}

export class Socket {
  #ws;
  #on;
  #hello;
  #nextId = 1;
  #waiting = new Map();
  #isOpen = false;
  #helloError = null;
  #openTimer;
  #quietTimer;

  /**
   * @param {string} url
   * @param {{ticket?: string, resume?: {token: string, epoch: number, seq: number}}} hello
   * @param {{open: (ok: any) => void, event: (frame: any) => void, close: (why: {code: number, reason: string, error: CommandError|null}) => void}} on
   */
  constructor(url, hello, on) {
    this.#on = on;
    this.#hello = hello;
    this.#ws = new WebSocket(url, PROTOCOL);
    this.#ws.onmessage = ({ data }) => this.#receive(data);
    this.#ws.onclose = ({ code, reason }) => this.#closed(code, reason);
    this.#openTimer = setTimeout(() => this.abandon(), OPEN_TIMEOUT_MS);
  }

  get isOpen() {
    return this.#isOpen;
  }

  /** Send a command. @returns {Promise<any>} the `ok` of its reply; rejects with CommandError */
  ask(type, data, txn) {
    if (!this.#isOpen) return Promise.reject(unsent());
    return this.#send(type, data, txn);
  }

  /** Bytes that wait in the browser: above a little, what may be dropped should be. */
  get backlog() {
    return this.#ws.bufferedAmount;
  }

  close(code = 1000) {
    this.#ws.close(code);
  }

  /** Stop at once, without waiting for a close handshake that may never come. */
  abandon() {
    const { onclose } = this.#ws;
    this.#ws.onclose = null;
    this.#ws.onmessage = null;
    this.#ws.close();
    if (onclose) this.#closed(1006, "");
  }

  #send(type, data, txn) {
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#ws.send(JSON.stringify(txn === undefined ? { id, type, data } : { id, type, txn, data }));
    });
  }

  #receive(text) {
    this.#heard();
    const frame = JSON.parse(text);
    if ("re" in frame) return this.#reply(frame);
    if (frame.type === "welcome") return this.#sayHello();
    return this.#on.event(frame);
  }

  #reply({ re, ok, error }) {
    const waiting = this.#waiting.get(re);
    this.#waiting.delete(re);
    if (!waiting) return;
    if (error) waiting.reject(new CommandError(error));
    else waiting.resolve(ok);
  }

  #sayHello() {
    // The reply is handled in the same turn as it comes in: events follow it directly.
    const id = this.#nextId++;
    this.#waiting.set(id, {
      resolve: (ok) => {
        clearTimeout(this.#openTimer);
        this.#isOpen = true;
        this.#on.open(ok);
      },
      reject: (error) => {
        this.#helloError = error;
        this.#ws.close(1000);
      },
    });
    this.#ws.send(JSON.stringify({ id, type: "hello", data: this.#hello }));
  }

  #heard() {
    clearTimeout(this.#quietTimer);
    this.#quietTimer = setTimeout(() => this.#probe(), QUIET_MS);
  }

  #probe() {
    if (this.#isOpen) this.#send("ping", {}).catch(() => {});
    this.#quietTimer = setTimeout(() => this.abandon(), DEAD_MS);
  }

  #closed(code, reason) {
    clearTimeout(this.#openTimer);
    clearTimeout(this.#quietTimer);
    this.#isOpen = false;
    for (const { reject } of this.#waiting.values()) reject(unsent());
    this.#waiting.clear();
    this.#on.close({ code, reason, error: this.#helloError });
  }
}

function unsent() {
  return new CommandError({ code: "unsent", message: "the connection ended before an answer came", temporary: true });
}
