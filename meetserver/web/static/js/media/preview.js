/** How one looks and sounds, with the buttons to change it: at the door, and while one waits behind it. */
import { avatar, h, icon, setIcon } from "../ui/dom.js";
import { watchLevel } from "./levels.js";

/** @param {any} local @param {() => string} nameNow @returns {{element: HTMLElement, meter: HTMLElement, update: () => void, stop: () => void}} */
export function previewOf(local, nameNow) {
  const video = h("video", { autoplay: true, playsinline: true, "aria-label": "Your own picture" });
  video.muted = true;
  const off = h("div", { class: "off" });
  const meterLevel = h("i");
  const meter = h("div", { class: "meter", role: "img", "aria-label": "How loud your microphone is" }, meterLevel);
  const audio = toggle("mic", () => void local.setAudio(!local.isAudioOn));
  const camera = toggle("camera", () => void local.setCamera(!local.isCameraOn));
  let watched = null;
  let stopLevel = () => {};
  const update = () => {
    const track = local.tracks.camera;
    if ((video.srcObject?.getTracks()[0] ?? null) !== track) video.srcObject = track ? new MediaStream([track]) : null;
    video.hidden = !track;
    off.hidden = Boolean(track);
    off.replaceChildren(avatar(nameNow() || "?"), h("p", { text: "Your camera is off" }));
    audio.show(local.isAudioOn, local.isAudioOn ? "Mute microphone" : "Unmute microphone", local.isAudioOn ? "mic" : "mic-off");
    camera.show(local.isCameraOn, local.isCameraOn ? "Turn camera off" : "Turn camera on", local.isCameraOn ? "camera" : "camera-off");
    if (watched === local.tracks.audio) return;
    watched = local.tracks.audio;
    stopLevel();
    stopLevel = watchLevel(watched, (level) => meterLevel.style.setProperty("--level", String(Math.min(1, level * 4))));
  };
  update();
  const unlisten = local.on("change", update);
  const element = h("div", { class: "preview" }, off, video, h("div", { class: "controls" }, audio.element, camera.element));
  const stop = () => {
    unlisten();
    stopLevel();
    stopLevel = () => {};
  };
  return { element, meter, update, stop };
}

function toggle(picture, onClick) {
  const element = h("button", { type: "button", class: "tool", on: { click: onClick } }, h("span", { class: "disc" }, icon(picture)));
  const show = (isOn, label, name) => {
    element.setAttribute("aria-pressed", String(isOn));
    element.setAttribute("aria-label", label);
    element.title = label;
    element.classList.toggle("off", !isOn);
    setIcon(element, name);
  };
  return { element, show };
}
