/** The tools, colours and widths. Each group is a radio group: arrow keys go through it. */
import { button, h, icon } from "../ui/dom.js";
import { COLORS, WIDTHS } from "./choices.js";

const TOOLS = [
  ["select", "select", "Select and move"],
  ["hand", "move", "Move the view"],
  ["pen", "pen", "Pen"],
  ["highlighter", "highlighter", "Highlighter"],
  ["line", "line", "Line"],
  ["arrow", "arrow", "Arrow"],
  ["rectangle", "rectangle", "Rectangle"],
  ["ellipse", "ellipse", "Ellipse"],
  ["diamond", "diamond", "Diamond"],
  ["text", "text", "Text"],
  ["note", "note", "Sticky note"],
  ["eraser", "eraser", "Eraser: takes whole elements away"],
];

export class Toolbox {
  #easel;
  #tools;
  #colors;
  #widths;
  #filled;
  #swatch = h("span", { class: "color" });
  #style;

  /** @param {{easel: any, onPicture: () => void, bag: any}} parts */
  constructor({ easel, onPicture, bag }) {
    this.#easel = easel;
    this.#tools = radios("tool", "Tool", TOOLS.map(([value, picture, label]) => ({ value, label, content: icon(picture) })), (tool) => easel.choose({ tool }));
    this.#colors = radios("color", "Colour", COLORS.map(([value, label]) => ({ value, label, content: swatch(value) })), (color) => this.#paint({ color }));
    this.#widths = radios("width", "Width", WIDTHS.map(([value, label]) => ({ value: String(value), label, content: dot(value) })), (width) => this.#paint({ width: Number(width) }));
    this.#filled = button({ label: "Fill shapes", icon: "fill", class: "quiet icon-only", "aria-pressed": "false", onClick: () => this.#paint({ isFilled: !easel.isFilled }) });
    this.#style = h("div", { class: "style", id: "board-style" }, this.#colors.element, this.#widths.element, this.#filled);
    const opener = h("button", { type: "button", class: "button quiet icon-only opener", "aria-label": "Colour and width", "aria-controls": "board-style", "aria-expanded": "false", on: { click: () => opener.setAttribute("aria-expanded", String(this.#style.classList.toggle("open"))) } }, this.#swatch);
    const picture = button({ label: "Add a picture", icon: "image", class: "quiet icon-only", onClick: onPicture });
    this.element = h("div", { class: "toolbox" }, this.#tools.element, picture, opener, this.#style);
    bag.add(easel.on("change", () => this.#update()));
    this.#update();
  }

  /** The tool in hand gets the keyboard's focus. */
  focus() {
    const input = this.#tools.element.querySelector("input:checked");
    input?.focus({ preventScroll: true });
    input?.parentElement.scrollIntoView({ block: "nearest", inline: "nearest" }); // a phone has no room for all of them
  }

  /** Also what is selected is painted. */
  #paint(what) {
    this.#easel.choose(what);
    this.#easel.emit("paint", what);
  }

  #update() {
    const { tool, color, width, isFilled, refusal } = this.#easel;
    this.#tools.choose(tool);
    this.#colors.choose(color);
    this.#widths.choose(String(width));
    this.#filled.setAttribute("aria-pressed", String(isFilled));
    this.#swatch.style.setProperty("--color", color);
    this.element.hidden = Boolean(refusal);
  }
}

function swatch(value) {
  const made = h("span", { class: "color" });
  made.style.setProperty("--color", value);
  return made;
}

function dot(value) {
  const made = h("span", { class: "width" });
  made.style.setProperty("--width", `${Math.min(18, value + 1)}px`);
  return made;
}

function radios(name, legend, choices, onChoose) {
  const inputs = choices.map(({ value, label }) => h("input", { type: "radio", name: `board-${name}`, value, "aria-label": label, on: { change: () => onChoose(value) } }));
  const labels = choices.map(({ label, content }, index) => h("label", { class: "choice", title: label }, inputs[index], content));
  const element = h("fieldset", { class: `choices ${name}s` }, h("legend", { class: "visually-hidden", text: legend }), ...labels);
  return { element, choose: (value) => inputs.forEach((input) => (input.checked = input.value === value)) };
}
