/** Slow mode: the seconds until one may write again, counted down. */
import { isMe } from "./people.js";

export class SlowMode {
  seconds = 0;
  #until = 0;
  #timer;
  #store;
  #onChange;

  /** @param {{store: any, bag: any, onChange: (seconds: number) => void}} parts */
  constructor({ store, bag, onChange }) {
    this.#store = store;
    this.#onChange = onChange;
    bag.add(store.on("chat", ({ message }) => message && isMe(store, message.by) && this.#said()));
    bag.add(store.on("room", () => this.#isOn || this.#stop()));
    bag.add(store.on("role", () => this.#isOn || this.#stop()));
    bag.add(() => clearInterval(this.#timer));
  }

  get #isOn() {
    return this.#store.room.settings.chat_slow_s > 0 && !this.#store.isModerator;
  }

  #said() {
    if (!this.#isOn) return;
    this.#until = performance.now() + this.#store.room.settings.chat_slow_s * 1000;
    clearInterval(this.#timer);
    this.#timer = setInterval(() => this.#count(), 250);
    this.#count();
  }

  #count() {
    const seconds = Math.max(0, Math.ceil((this.#until - performance.now()) / 1000));
    if (seconds === 0) clearInterval(this.#timer);
    if (seconds === this.seconds) return;
    this.seconds = seconds;
    this.#onChange(seconds);
  }

  #stop() {
    this.#until = 0;
    this.#count();
  }
}
