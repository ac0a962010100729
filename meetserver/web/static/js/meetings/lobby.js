/** The page before the meeting: your name, how you look and sound, and the button to go in. */
import { deviceChoices } from "../media/choices.js";
import { problemTexts } from "../media/devices.js";
import { watchLevel } from "../media/levels.js";
import { avatar, h, notice, setIcon, icon } from "../ui/dom.js";
import { field, form } from "../ui/form.js";
import { keep, recall } from "../ui/storage.js";

const NAME = "meet.name";

/** @param {{door: any, local: any, user: any, onJoin: (name: string, passcode?: string) => Promise<void>}} how @returns {{element: HTMLElement, stop: () => void}} */
export function lobby({ door, local, user, onJoin }) {
  const name = field({ label: "Your name", name: "name", required: true, maxlength: 80, autocomplete: "name", value: user?.name ?? recallName(), readonly: Boolean(user), hint: user ? `Signed in as ${user.email}` : "This is how the others see you. No account is needed." });
  const needs = door.needs ?? [];
  const passcode = needs.includes("passcode") ? field({ label: "Passcode", name: "passcode", required: true, maxlength: 200, autocomplete: "off", hint: "The host knows it." }) : null;
  const preview = previewOf(local, () => name.input.value);
  const problems = h("div", { class: "stack", role: "status" });
  const devices = h("details", {}, h("summary", { text: "Choose microphone and camera" }));
  const { element } = form({
    fields: [name, passcode].filter(Boolean),
    submit: "Join the meeting",
    onSubmit: () => {
      const chosen = name.input.value.trim();
      if (!user) keep(localStorage, NAME, JSON.stringify(chosen));
      return onJoin(chosen, passcode?.input.value);
    },
  });
  devices.addEventListener("toggle", () => devices.open && void deviceChoices(local).then((choices) => devices.replaceChildren(devices.firstElementChild, choices)));
  const update = () => {
    const texts = problemTexts(local);
    problems.replaceChildren(...(texts.length > 0 ? [notice("warn", ...texts.map((text) => h("p", { text })), h("p", { text: "You can join all the same." }))] : []));
    preview.update();
  };
  const off = local.on("change", update);
  name.input.addEventListener("input", preview.update);
  const view = h(
    "div",
    { class: "page door" },
    h("section", { class: "stack", "aria-label": "Camera and microphone" }, preview.element, preview.meter),
    h("section", { class: "card stack", "aria-labelledby": "door-title" }, h("div", {}, h("h1", { id: "door-title", text: door.title }), door.host_name && h("p", { class: "muted", text: `${door.host_name} invites you` })), mustSignIn(needs, user) ?? element, problems, devices),
  );
  return { element: view, stop: () => (off(), preview.stop()) };
}

/** Instead of the form, where a guest would only be refused. */
function mustSignIn(needs, user) {
  if (user || !needs.some((need) => need === "sign_in" || need === "invitation")) return null;
  return h("div", { class: "stack" }, notice("warn", "This meeting is for people with an account. Sign in, then open the link again."), h("a", { class: "button primary", href: "/#signin", text: "Sign in" }));
}

function recallName() {
  const name = recall(localStorage, NAME);
  return typeof name === "string" ? name : "";
}

function previewOf(local, nameNow) {
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
  const element = h("div", { class: "preview" }, off, video, h("div", { class: "controls" }, audio.element, camera.element));
  return { element, meter, update, stop: () => stopLevel() };
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
