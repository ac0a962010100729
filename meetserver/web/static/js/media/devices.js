/**
 * This page's own microphone, camera and screen. A camera that is off is really off (its light too); a muted
 * microphone stays open, so that unmuting is instant.
 *
 * Emits "track" {name: "audio"|"camera"|"screen", track|null}, "change".
 */
import { Emitter } from "../emitter.js";
import { keep, recall } from "../ui/storage.js";

const VIDEO = { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30, max: 30 } };
const AUDIO = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };
const CHOICE = "meet.devices";

export class LocalMedia extends Emitter {
  /** @type {{audio: MediaStreamTrack|null, camera: MediaStreamTrack|null, screen: MediaStreamTrack|null}} */
  tracks = { audio: null, camera: null, screen: null };
  /** Why there is none: "", "denied", "missing", "busy", "insecure" */
  problems = { audio: "", camera: "" };
  #choice = { audio: "", camera: "", wantsAudio: true, wantsCamera: true, ...recall(sessionStorage, CHOICE) };

  get isAudioOn() {
    return Boolean(this.tracks.audio?.enabled);
  }

  get isCameraOn() {
    return Boolean(this.tracks.camera);
  }

  get isScreenOn() {
    return Boolean(this.tracks.screen);
  }

  get canShareScreen() {
    return Boolean(navigator.mediaDevices?.getDisplayMedia);
  }

  /** Open what was wanted last time, together if possible: that is one question to the person instead of two. */
  async open() {
    const { wantsAudio, wantsCamera } = this.#choice;
    const both = wantsCamera ? await this.#try({ audio: this.#audio(), video: this.#video() }) : null;
    if (both instanceof MediaStream) {
      this.#set("audio", both.getAudioTracks()[0] ?? null);
      this.#set("camera", both.getVideoTracks()[0] ?? null);
    } else {
      await this.#openAudio();
      if (wantsCamera) await this.#openCamera();
    }
    if (this.tracks.audio) this.tracks.audio.enabled = wantsAudio;
    this.emit("change");
  }

  async setAudio(isOn) {
    this.#want("wantsAudio", isOn);
    if (isOn && !this.tracks.audio) await this.#openAudio();
    if (this.tracks.audio) this.tracks.audio.enabled = isOn;
    this.emit("change");
  }

  async setCamera(isOn) {
    this.#want("wantsCamera", isOn);
    if (isOn && !this.tracks.camera) await this.#openCamera();
    if (!isOn) this.#set("camera", null);
    this.emit("change");
  }

  /** Use another device. @param {"audio"|"camera"} name */
  async choose(name, deviceId) {
    const wasOn = name === "audio" ? this.isAudioOn : this.isCameraOn;
    this.#want(name, deviceId);
    if (name === "audio") {
      await this.#openAudio();
      if (this.tracks.audio) this.tracks.audio.enabled = wasOn;
    } else if (wasOn) {
      this.#set("camera", null);
      await this.#openCamera();
    }
    this.emit("change");
  }

  /** @returns {Promise<boolean>} false: the person changed their mind */
  async shareScreen() {
    let stream;
    try {
      stream = await navigator.mediaDevices.getDisplayMedia({ video: { frameRate: { max: 15 } }, audio: false });
    } catch (error) {
      if (error.name === "NotAllowedError") return false;
      throw error;
    }
    const [track] = stream.getVideoTracks();
    track.contentHint = "detail";
    this.#set("screen", track);
    this.emit("change");
    return true;
  }

  stopScreen() {
    this.#set("screen", null);
    this.emit("change");
  }

  /** @returns {Promise<Record<"audio"|"camera", {id: string, label: string, isUsed: boolean}[]>>} */
  async devices() {
    const all = (await navigator.mediaDevices?.enumerateDevices()) ?? [];
    const list = (kind, name) =>
      all
        .filter((device) => device.kind === kind && device.deviceId)
        .map((device, index) => ({ id: device.deviceId, label: device.label || `${name === "audio" ? "Microphone" : "Camera"} ${index + 1}`, isUsed: this.tracks[name]?.getSettings().deviceId === device.deviceId }));
    return { audio: list("audioinput", "audio"), camera: list("videoinput", "camera") };
  }

  close() {
    for (const name of ["audio", "camera", "screen"]) this.#set(name, null);
    this.emit("change");
  }

  async #openAudio() {
    const stream = await this.#try({ audio: this.#audio() }, "audio");
    if (stream instanceof MediaStream) this.#set("audio", stream.getAudioTracks()[0]);
  }

  async #openCamera() {
    const stream = await this.#try({ video: this.#video() }, "camera");
    if (stream instanceof MediaStream) this.#set("camera", stream.getVideoTracks()[0]);
  }

  /** @returns {Promise<MediaStream|null>} null, and the reason in `problems` */
  async #try(constraints, name) {
    if (!navigator.mediaDevices?.getUserMedia) {
      this.problems = { audio: "insecure", camera: "insecure" };
      return null;
    }
    try {
      const stream = await navigator.mediaDevices.getUserMedia(constraints);
      if (name) this.problems[name] = "";
      else this.problems = { audio: "", camera: "" };
      return stream;
    } catch (error) {
      if (name) this.problems[name] = { NotAllowedError: "denied", NotFoundError: "missing", OverconstrainedError: "missing", NotReadableError: "busy" }[error.name] ?? "busy";
      return null;
    }
  }

  #audio() {
    return { ...AUDIO, ...(this.#choice.audio ? { deviceId: { ideal: this.#choice.audio } } : {}) };
  }

  #video() {
    return { ...VIDEO, ...(this.#choice.camera ? { deviceId: { ideal: this.#choice.camera } } : { facingMode: "user" }) };
  }

  #want(name, value) {
    this.#choice[name] = value;
    keep(sessionStorage, CHOICE, this.#choice);
  }

  #set(name, track) {
    const before = this.tracks[name];
    if (before === track) return;
    this.tracks[name] = track;
    if (before) {
      before.onended = null;
      before.stop();
    }
    if (track) track.onended = () => this.#ended(name, track);
    this.emit("track", { name, track });
  }

  /** Unplugged, or stopped with the browser's own button. */
  #ended(name, track) {
    if (this.tracks[name] !== track) return;
    this.#set(name, null);
    if (name !== "screen") this.problems[name] = "missing";
    this.emit("change");
  }
}

const TEXTS = {
  denied: (what) => `This page may not use the ${what}. Allow it with the sign next to the address, then switch on here.`,
  missing: (what) => `No ${what} was found. Plug one in, then switch on here.`,
  busy: (what) => `Another program seems to use the ${what}. Stop it there, then switch on here.`,
  insecure: (what) => `Browsers open the ${what} on secure (https) pages only. You can still see, hear and write.`,
};

/** @param {"audio"|"camera"} name @returns {string} a sentence for people, or "" */
export function problemText(local, name) {
  const problem = local.problems[name];
  return problem ? TEXTS[problem](name === "audio" ? "microphone" : "camera") : "";
}

/** All that is wrong, in as few sentences as it takes. @returns {string[]} */
export function problemTexts(local) {
  const { audio, camera } = local.problems;
  if (audio && audio === camera) return [TEXTS[audio]("camera and microphone")];
  return [problemText(local, "camera"), problemText(local, "audio")].filter(Boolean);
}
