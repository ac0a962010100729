/** One picture with a name and marks: a person, or the screen that they share. */
import { avatar, h, icon } from "../ui/dom.js";

export class Tile {
  #video = h("video", { autoplay: true, playsinline: true });
  #name = h("span", { class: "name" });
  #face = h("div", { class: "face" });
  #marks = h("span", { class: "marks" });
  #audio = null;
  #shownMarks = "";

  /** @param {{id: string, isSelf: boolean, isScreen?: boolean, onBlocked: () => void}} what */
  constructor({ id, isSelf, isScreen = false, onBlocked }) {
    this.onBlocked = onBlocked;
    this.isSelf = isSelf;
    this.#video.muted = true; // the sound has an element of its own: it must go on when the picture is off
    for (const change of ["loadeddata", "emptied"]) this.#video.addEventListener(change, () => this.#showPicture());
    if (isSelf) this.#video.tabIndex = -1;
    if (!isSelf && !isScreen) this.#audio = h("audio", { autoplay: true });
    this.element = h(
      "li",
      { class: `tile${isScreen ? " screen" : ""}${isSelf ? " self" : ""}`, data: { participant: id } },
      this.#face,
      this.#video,
      h("div", { class: "plate" }, this.#name, this.#marks),
      this.#audio,
    );
  }

  /** @param {{name: string, label: string, marks: [string, string][], seed: string}} how marks: icon and what it means */
  describe({ name, label, marks, seed }) {
    if (this.#name.textContent !== label) {
      this.#name.textContent = label;
      this.#face.replaceChildren(avatar(name, seed));
    }
    const shown = marks.map(([mark]) => mark).join();
    if (shown !== this.#shownMarks) {
      this.#shownMarks = shown;
      this.#marks.replaceChildren(...marks.map(([mark, means]) => h("span", { class: `mark ${mark}` }, icon(mark), h("span", { class: "visually-hidden", text: means }))));
    }
  }

  setFlags(flags) {
    for (const [name, isOn] of Object.entries(flags)) this.element.classList.toggle(name, Boolean(isOn));
  }

  /** @param {MediaStreamTrack|null} track */
  showVideo(track) {
    this.#play(this.#video, track);
    this.#showPicture();
  }

  /** The face stays until there is a picture to show: a track alone is black. */
  #showPicture() {
    const isThere = this.#video.srcObject !== null && this.#video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA;
    this.element.classList.toggle("has-video", isThere);
  }

  /** @param {MediaStreamTrack|null} track */
  playAudio(track) {
    if (this.#audio) this.#play(this.#audio, track);
  }

  /** Start what the browser held back until somebody pressed something. */
  resume() {
    for (const element of [this.#video, this.#audio]) if (element?.srcObject && element.paused) element.play().catch(() => {});
  }

  remove() {
    this.#play(this.#video, null);
    if (this.#audio) this.#play(this.#audio, null);
    this.element.remove();
  }

  #play(element, track) {
    const now = element.srcObject?.getTracks()[0] ?? null;
    if (now === track) return;
    element.srcObject = track ? new MediaStream([track]) : null;
    if (track) element.play().catch((error) => error.name === "NotAllowedError" && this.onBlocked());
  }
}
