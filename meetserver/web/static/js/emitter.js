/** The smallest publish/subscribe: topics are strings, listeners are called in the order they came. */
export class Emitter {
  #listeners = new Map();

  /** @returns {() => void} stops listening */
  on(topic, listener) {
    const listeners = this.#listeners.get(topic) ?? new Set();
    this.#listeners.set(topic, listeners.add(listener));
    return () => listeners.delete(listener);
  }

  emit(topic, value) {
    for (const listener of [...(this.#listeners.get(topic) ?? [])]) {
      try {
        listener(value);
      } catch (error) {
        console.error(`listener of ${topic}`, error); // one broken view must not stop the others
      }
    }
  }
}

/** Collects what has to be undone when a view goes away. */
export class Bag {
  #undo = [];

  add(undo) {
    this.#undo.push(undo);
    return undo;
  }

  listen(target, type, listener, options) {
    target.addEventListener(type, listener, options);
    this.add(() => target.removeEventListener(type, listener, options));
  }

  empty() {
    for (const undo of this.#undo.splice(0).reverse()) undo();
  }
}
