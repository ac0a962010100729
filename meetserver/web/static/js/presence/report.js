/** Tells the room what this page does: microphone, camera, screen, hand. */
import { merge } from "./reducer.js";
import { toast } from "../ui/toast.js";
import { explain } from "../ui/explain.js";

export class Report {
  #session;
  #store;
  #local;
  #told = {};
  #againTimer;

  /** @param {{session: any, store: any, local: any, bag: any}} parts */
  constructor({ session, store, local, bag }) {
    this.#session = session;
    this.#store = store;
    this.#local = local;
    bag.add(local.on("change", () => this.#tell()));
    bag.add(() => clearTimeout(this.#againTimer));
    bag.add(session.on("status", ({ state }) => state === "online" && this.#tellAll()));
  }

  async setHand(isUp) {
    try {
      await this.#session.durable("presence.set", { hand: isUp });
    } catch (error) {
      toast(explain(error), { kind: "bad" });
    }
  }

  /** Microphone and camera are not in the room's log: after a reconnect the server may not know them. */
  #tellAll() {
    this.#told = {};
    this.#tell();
  }

  #tell() {
    const now = { audio: this.#local.isAudioOn, video: this.#local.isCameraOn };
    this.#showOwn(now);
    const changed = Object.fromEntries(Object.entries(now).filter(([name, value]) => this.#told[name] !== value));
    if (Object.keys(changed).length > 0 && this.#session.status.state !== "ended") {
      this.#told = { ...this.#told, ...changed };
      this.#session.ask("presence.set", changed).catch((error) => error.code === "busy" && this.#tellLater(error));
    }
    this.#tellScreen();
  }

  /** The server has too much to do; until we say it again it shows what we did before. */
  #tellLater({ retryAfterS }) {
    clearTimeout(this.#againTimer);
    this.#againTimer = setTimeout(() => this.#tellAll(), (retryAfterS ?? 1) * 1000);
  }

  /** The server tells everybody but us. */
  #showOwn(now) {
    const me = this.#store.me;
    if (!me || (me.audio === now.audio && me.video === now.video)) return;
    merge(this.#store, { participant: me.id, ...now });
    this.#store.emit("participants", {});
  }

  #tellScreen() {
    const isOn = this.#local.isScreenOn;
    if (this.#told.screen === undefined) this.#told.screen = Boolean(this.#store.me?.screen);
    if (this.#told.screen === isOn || !this.#store.me) return;
    this.#told.screen = isOn;
    this.#session.durable("presence.set", { screen: isOn }).catch((error) => error.code !== "unsent" && toast(explain(error), { kind: "bad" }));
  }
}
