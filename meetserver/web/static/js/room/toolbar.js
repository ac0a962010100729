/** The bar with what one does in a meeting. On a phone the rarer things are behind "More". */
import { h, icon, setIcon } from "../ui/dom.js";

/** name, icon, label, place: "main" always, "wide" only where there is room */
const TOOLS = [
  ["audio", "mic", "Mic", "main"],
  ["camera", "camera", "Camera", "main"],
  ["screen", "screen", "Share", "wide"],
  ["hand", "hand", "Hand", "wide"],
  ["chat", "chat", "Chat", "main"],
  ["people", "people", "People", "wide"],
  ["files", "files", "Files", "wide"],
  ["board", "board", "Board", "main"],
  ["more", "more", "More", "main"],
  ["leave", "leave", "Leave", "main"],
];

export class Toolbar {
  element = h("div", { class: "toolbar", role: "toolbar", "aria-label": "Meeting controls" });
  #buttons = {};

  /** @param {Record<string, () => void>} actions by tool */
  constructor(actions) {
    for (const [name, picture, label, place] of TOOLS) {
      const made = h(
        "button",
        { type: "button", class: `tool tool-${name} ${place}`, data: { tool: name }, "aria-label": label, on: { click: () => actions[name]() } },
        h("span", { class: "disc" }, icon(picture)),
        h("span", { class: "caption", "aria-hidden": "true", text: label }),
        h("span", { class: "count", hidden: true }),
      );
      this.#buttons[name] = made;
      this.element.append(made);
    }
    this.element.addEventListener("keydown", (event) => this.#arrows(event));
  }

  /** @param {string} name @param {{isOn: boolean, label: string, icon?: string, isOff?: boolean}} how isOff: marked as switched off */
  set(name, { isOn, label, icon: picture, isOff = false }) {
    const made = this.#buttons[name];
    made.setAttribute("aria-pressed", String(isOn));
    made.setAttribute("aria-label", label);
    made.title = label;
    made.classList.toggle("off", isOff);
    if (picture) setIcon(made, picture);
  }

  hide(name, isHidden) {
    this.#buttons[name].hidden = isHidden;
  }

  /** @param {string} [shown] in the place of the number */
  count(name, number, label, shown = number > 99 ? "99+" : String(number)) {
    const count = this.#buttons[name].querySelector(".count");
    count.hidden = number === 0;
    count.textContent = shown;
    this.#buttons[name].setAttribute("aria-label", label);
  }

  #arrows(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const shown = Object.values(this.#buttons).filter((made) => made.offsetParent !== null);
    const next = shown[(shown.indexOf(document.activeElement) + step + shown.length) % shown.length];
    next?.focus();
    event.preventDefault();
  }
}
