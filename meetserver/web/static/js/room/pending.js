/**
 * Durable commands that have no answer yet. Each is sent again with the same txn after a reconnect, in the
 * order they were made, so that the server's first answer is the only one that counts.
 */

const TRIES = 4;
const RETRY_BASE_MS = 400;

export class Pending {
  #commands = new Map();

  get size() {
    return this.#commands.size;
  }

  /** @returns {Promise<any>} settled by the server's answer, over however many connections */
  add(type, data, txn, socket) {
    const known = this.#commands.get(txn);
    if (known) return known.promise;
    const command = { type, data, txn, tries: 0 };
    command.promise = new Promise((resolve, reject) => Object.assign(command, { resolve, reject }));
    this.#commands.set(txn, command);
    if (socket?.isOpen) this.#send(command, socket);
    return command.promise;
  }

  sendAll(socket) {
    for (const command of this.#commands.values()) this.#send(command, socket);
  }

  /** The session is over: nobody will answer any more. */
  failAll(error) {
    for (const command of this.#commands.values()) command.reject(error);
    this.#commands.clear();
  }

  #send(command, socket) {
    socket.ask(command.type, command.data, command.txn).then(
      (ok) => this.#settle(command, () => command.resolve(ok)),
      (error) => this.#refused(command, error, socket),
    );
  }

  #refused(command, error, socket) {
    if (error.code === "unsent") return; // the next connection sends it again
    command.tries += 1;
    if (!error.temporary || command.tries >= TRIES) return void this.#settle(command, () => command.reject(error));
    const waitMs = (error.retryAfterS ?? 0) * 1000 || RETRY_BASE_MS * 2 ** command.tries * (0.5 + Math.random());
    setTimeout(() => {
      if (socket.isOpen && this.#commands.has(command.txn)) this.#send(command, socket);
    }, waitMs);
  }

  #settle(command, how) {
    if (this.#commands.delete(command.txn)) how();
  }
}
