/** The board with its tools. Each group of tools is a radio group: arrow keys go through it. */
import { button, h, icon } from "../ui/dom.js";
import { BoardCanvas } from "./canvas.js";
import { Pen } from "./pen.js";
import { COLORS, WIDTHS } from "./stroke.js";

export class BoardPanel {
  #pen;
  #canvas;

  /** @param {{session: any, store: any, bag: any, onClose: () => void}} parts */
  constructor({ session, store, bag, onClose }) {
    this.#pen = new Pen({ session, store, bag });
    this.#canvas = new BoardCanvas({ store, own: this.#pen, bag });
    this.#pen.attach(this.#canvas, bag);
    const undo = button({ label: "Undo my last stroke", icon: "undo", class: "quiet icon-only", disabled: true, onClick: () => this.#pen.undo() });
    this.#pen.onChange = () => (undo.disabled = !this.#pen.canUndo);
    this.element = h(
      "section",
      { class: "board", "aria-label": "Whiteboard" },
      h(
        "div",
        { class: "tools", role: "group", "aria-label": "Drawing tools" },
        this.#tools(),
        this.#colors(),
        this.#widths(),
        undo,
        button({ label: "Close the board", icon: "close", class: "quiet icon-only close", onClick: onClose }),
      ),
      h("div", { class: "desk" }, this.#canvas.element),
    );
    bag.listen(this.element, "keydown", (event) => {
      if ((event.ctrlKey || event.metaKey) && event.key === "z") (event.preventDefault(), this.#pen.undo());
    });
  }

  opened() {
    this.#canvas.ask();
    this.element.querySelector("input:checked")?.focus({ preventScroll: true });
  }

  #tools() {
    const choices = [
      { value: "pen", label: "Pen", content: icon("pen") },
      { value: "eraser", label: "Eraser: takes whole strokes away", content: icon("eraser") },
    ];
    return radios("tool", "Tool", choices, this.#pen.tool, (value) => {
      this.#pen.tool = value;
      this.#canvas.element.classList.toggle("erasing", value === "eraser");
    });
  }

  #colors() {
    const choices = COLORS.map(([value, label]) => {
      const content = h("span", { class: "color" });
      content.style.setProperty("--color", value);
      return { value, label, content };
    });
    return radios("color", "Colour", choices, this.#pen.color, (value) => (this.#pen.color = value));
  }

  #widths() {
    const choices = WIDTHS.map(([value, label]) => {
      const content = h("span", { class: "width" });
      content.style.setProperty("--width", `${Math.min(18, value + 1)}px`);
      return { value: String(value), label, content };
    });
    return radios("width", "Width", choices, String(this.#pen.width), (value) => (this.#pen.width = Number(value)));
  }
}

function radios(name, legend, choices, chosen, onChoose) {
  return h(
    "fieldset",
    { class: "choices" },
    h("legend", { class: "visually-hidden", text: legend }),
    ...choices.map(({ value, label, content }) =>
      h(
        "label",
        { class: "choice", title: label },
        h("input", { type: "radio", name: `board-${name}`, value, "aria-label": label, checked: value === chosen, on: { change: () => onChoose(value) } }),
        content,
      ),
    ),
  );
}
