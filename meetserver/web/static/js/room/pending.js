/**
 * Durable commands that have no answer yet. Each is sent again with the same txn after a reconnect, in the
 * order they were made, so that the server's first answer is the only one that counts.
 */

const TRIES = 5;
const BOARD_PATIENCE_MS = 120_000; // nobody draws a stroke once more, as they would press a button
const RETRY_BASE_MS = 400;
const RETRY_MOST_MS = 8000;
const IN_FLIGHT = 32; // the server lets 64 of a connection wait; others than these want some too

export class Pending {
  /** @type {Map<string, any>} by txn, in the order they were made */
  #commands = new Map();
  #socket = null;
  #inFlight = 0;

  get size() {
    return this.#commands.size;
  }

  /** @returns {Promise<any>} settled by the server's answer, over however many connections */
  add(type, data, txn) {
    const known = this.#commands.get(txn);
    if (known) return known.promise;
    const command = { type, data, txn, tries: 0, refusedAt: 0, isWaiting: true, isPutOff: false };
    command.promise = new Promise((resolve, reject) => Object.assign(command, { resolve, reject }));
    this.#commands.set(txn, command);
    this.#pump();
    return command.promise;
  }

  /** A new connection is open: everything unanswered goes over it. */
  use(socket) {
    this.#socket = socket;
    this.#inFlight = 0;
    for (const command of this.#commands.values()) Object.assign(command, { isWaiting: true, isPutOff: false });
    this.#pump();
  }

  /** The session is over: nobody will answer any more. */
  failAll(error) {
    const commands = [...this.#commands.values()];
    this.#commands.clear();
    for (const command of commands) command.reject(error);
  }

  #pump() {
    if (!this.#socket?.isOpen) return;
    let isHeldUp = false; // changes of the board build on those before them; chat in slow mode holds up nothing
    for (const command of this.#commands.values()) {
      if (this.#inFlight >= IN_FLIGHT) return;
      isHeldUp ||= isOfBoard(command) && command.isPutOff;
      if (command.isWaiting && !(isOfBoard(command) && isHeldUp)) this.#send(command);
    }
  }

  #send(command) {
    const socket = this.#socket;
    command.isWaiting = false;
    this.#inFlight += 1;
    const answered = (act) => (answer) => {
      if (socket !== this.#socket) return; // it goes over the next connection already
      this.#inFlight -= 1;
      act(answer);
      this.#pump();
    };
    socket.ask(command.type, command.data, command.txn).then(
      answered((ok) => this.#commands.delete(command.txn) && command.resolve(ok)),
      answered((error) => this.#refused(command, error)),
    );
  }

  #refused(command, error) {
    if (error.code === "unsent") return void (command.isWaiting = true);
    command.tries += 1;
    command.refusedAt ||= performance.now();
    if (!error.temporary || !isPatient(command)) return void (this.#commands.delete(command.txn) && command.reject(error));
    const waitMs = (error.retryAfterS ?? 0) * 1000 || Math.min(RETRY_MOST_MS, RETRY_BASE_MS * 2 ** command.tries) * (0.5 + Math.random());
    command.isPutOff = true;
    setTimeout(() => {
      if (!command.isPutOff) return; // it went over another connection meanwhile
      Object.assign(command, { isWaiting: true, isPutOff: false });
      this.#pump();
    }, waitMs);
  }
}

const isOfBoard = ({ type }) => type.startsWith("whiteboard.");

const isPatient = (command) => (isOfBoard(command) ? performance.now() - command.refusedAt < BOARD_PATIENCE_MS : command.tries < TRIES);
