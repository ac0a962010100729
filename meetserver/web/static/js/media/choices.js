/** Which microphone and which camera. */
import { h, notice } from "../ui/dom.js";
import { problemText } from "./devices.js";

const LABELS = { audio: "Microphone", camera: "Camera" };

/** @param {any} local @returns {Promise<HTMLElement>} */
export async function deviceChoices(local) {
  const devices = await local.devices();
  return h("div", { class: "stack" }, ...Object.keys(LABELS).map((name) => choice(local, name, devices[name])));
}

function choice(local, name, devices) {
  if (devices.length === 0) return notice("warn", problemText(local, name) || `No ${LABELS[name].toLowerCase()} was found.`);
  const id = `choose-${name}`;
  const select = h("select", { id, class: "input", on: { change: () => void local.choose(name, select.value) } }, ...devices.map((device) => h("option", { value: device.id, selected: device.isUsed, text: device.label })));
  return h("div", { class: "field" }, h("label", { for: id, text: LABELS[name] }), select);
}
