/** Short messages that come and go. Bad ones stay until dismissed: somebody has to act on them. */
import { h, icon } from "./dom.js";

const LIFE_MS = 5000;

/** @param {string} text @param {{kind?: "info"|"bad", action?: {label: string, onClick: () => void}, lifeMs?: number}} [options] */
export function toast(text, { kind = "info", action, lifeMs } = {}) {
  const region = document.getElementById("toasts");
  for (const old of [...region.children]) if (old.dataset.text === text) old.remove();
  const close = () => made.remove();
  const made = h(
    "div",
    { class: `toast ${kind}`, role: kind === "bad" ? "alert" : "status", data: { text } },
    h("p", { text }),
    action && h("button", { type: "button", text: action.label, on: { click: () => (close(), action.onClick()) } }),
    h("button", { type: "button", "aria-label": "Dismiss", on: { click: close } }, icon("close")),
  );
  region.append(made);
  while (region.children.length > 4) region.firstElementChild.remove();
  const life = lifeMs ?? (kind === "bad" || action ? LIFE_MS * 3 : LIFE_MS);
  setTimeout(close, life);
  return close;
}

export function clearToasts() {
  document.getElementById("toasts").replaceChildren();
}
