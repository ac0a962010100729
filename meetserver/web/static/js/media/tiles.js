/** The grid of pictures: a tile for everybody, and one for each shared screen. */
import { h } from "../ui/dom.js";
import { toast } from "../ui/toast.js";
import { columnsFor } from "./layout.js";
import { receiverLevel, Speaking, watchLevel } from "./levels.js";
import { watchQuality } from "./quality.js";
import { Tile } from "./tile.js";

const SPEAKING_POLL_MS = 200;

export class Tiles {
  element = h("ul", { class: "tiles", "aria-label": "People in the meeting" });
  spotlight = h("ul", { class: "spotlight", "aria-label": "Shared screens" });
  #tiles = new Map();
  #screens = new Map();
  #speaking = new Map();
  #quality = new Map();
  #store;
  #mesh;
  #local;
  #isBlockedShown = false;

  /** @param {{store: any, mesh: any, local: any, bag: any}} parts */
  constructor({ store, mesh, local, bag }) {
    this.#store = store;
    this.#mesh = mesh;
    this.#local = local;
    const update = () => this.update();
    bag.add(store.on("participants", update));
    bag.add(mesh.on("media", update));
    bag.add(mesh.on("state", update));
    bag.add(local.on("change", update));
    const resized = new ResizeObserver(() => this.#arrange());
    resized.observe(this.element);
    bag.add(() => resized.disconnect());
    const timer = setInterval(() => this.#listen(), SPEAKING_POLL_MS);
    bag.add(() => clearInterval(timer));
    bag.add(watchQuality(mesh, () => store.participants.keys(), (id, quality) => this.#setQuality(id, quality)));
    this.#watchOwnLevel(bag);
    bag.add(() => [...this.#tiles.values(), ...this.#screens.values()].forEach((tile) => tile.remove()));
  }

  get hasScreens() {
    return this.#screens.size > 0;
  }

  update() {
    const { participants, self } = this.#store;
    for (const one of participants.values()) this.#updatePerson(one, one.id === self.participant);
    drop(this.#tiles, (id) => !participants.has(id));
    drop(this.#screens, (id) => !(id === self.participant ? this.#local.isScreenOn : participants.get(id)?.screen));
    this.#arrange();
  }

  #updatePerson(one, isSelf) {
    const tile = this.#tile(this.#tiles, one.id, isSelf, false, this.element);
    const peer = isSelf ? null : this.#mesh.peerOf(one.id);
    const hasAudio = isSelf ? this.#local.isAudioOn : one.audio;
    const hasVideo = isSelf ? this.#local.isCameraOn : one.video && !one.away;
    tile.describe({ name: one.name, seed: one.id, label: isSelf ? `${one.name} (you)` : one.name, marks: this.#marks(one, hasAudio) });
    tile.setFlags({ away: one.away, hand: one.hand, waiting: !isSelf && hasVideo && peer?.state !== "connected" });
    tile.showVideo(hasVideo ? (isSelf ? this.#local.tracks.camera : (peer?.remoteTrack("camera") ?? null)) : null);
    tile.playAudio(peer?.remoteTrack("audio") ?? null);
    if (isSelf ? this.#local.isScreenOn : one.screen) this.#updateScreen(one, isSelf, peer);
  }

  #updateScreen(one, isSelf, peer) {
    const tile = this.#tile(this.#screens, one.id, isSelf, true, this.spotlight);
    tile.describe({ name: one.name, seed: one.id, label: isSelf ? "Your screen" : `${one.name}’s screen`, marks: [] });
    tile.showVideo(isSelf ? this.#local.tracks.screen : (peer?.remoteTrack("screen") ?? null));
  }

  #marks(one, hasAudio) {
    const marks = [];
    if (one.hand) marks.push(["hand", "hand raised"]);
    if (one.away) marks.push(["away", "connection lost, may come back"]);
    if (this.#quality.get(one.id) === "poor") marks.push(["warn", "poor connection"]);
    if (!hasAudio) marks.push(["mic-off", "microphone off"]);
    return marks;
  }

  #tile(tiles, id, isSelf, isScreen, parent) {
    let tile = tiles.get(id);
    if (!tile) {
      tile = new Tile({ id, isSelf, isScreen, onBlocked: () => this.#blocked() });
      tiles.set(id, tile);
      parent.append(tile.element);
    }
    return tile;
  }

  #arrange() {
    const { clientWidth: width, clientHeight: height } = this.element;
    if (width > 0) this.element.style.setProperty("--columns", String(columnsFor(Math.max(1, this.#tiles.size), width, height)));
    this.element.dataset.count = String(this.#tiles.size);
  }

  #listen() {
    for (const id of this.#tiles.keys()) {
      if (id === this.#store.self.participant) continue;
      this.#hear(id, receiverLevel(this.#mesh.peerOf(id)?.receiver("audio")));
    }
  }

  #hear(id, level) {
    const speaking = this.#speaking.get(id) ?? new Speaking();
    this.#speaking.set(id, speaking);
    this.#tiles.get(id)?.setFlags({ speaking: speaking.hear(level) });
  }

  #watchOwnLevel(bag) {
    let stop = () => {};
    const follow = (track) => {
      stop();
      stop = watchLevel(track, (level) => this.#hear(this.#store.self.participant, level));
    };
    follow(this.#local.tracks.audio);
    bag.add(this.#local.on("track", ({ name, track }) => name === "audio" && follow(track)));
    bag.add(() => stop());
  }

  #setQuality(id, quality) {
    if (this.#quality.get(id) === quality) return;
    this.#quality.set(id, quality);
    this.update();
  }

  /** The browser plays no sound before the person has touched the page (after a reload, say). */
  #blocked() {
    if (this.#isBlockedShown) return;
    this.#isBlockedShown = true;
    const resume = () => {
      for (const tile of [...this.#tiles.values(), ...this.#screens.values()]) tile.resume();
    };
    toast("The browser holds the sound back.", { lifeMs: 60_000, action: { label: "Listen", onClick: resume } });
    addEventListener("pointerdown", resume, { once: true });
    addEventListener("keydown", resume, { once: true });
  }
}

function drop(tiles, isGone) {
  for (const [id, tile] of tiles) {
    if (!isGone(id)) continue;
    tile.remove();
    tiles.delete(id);
  }
}
