/** A field over the board in which a text or a sticky note is written, where it will stand. */
import { h } from "../ui/dom.js";
import { colorOf, INK } from "./fields.js";
import { FONTS, LINE_HEIGHT, NOTE_MARGIN, NOTE_PAPER, sizeOf } from "./lettering.js";

const MAX_CHARS = 4000;

export class Editor {
  #easel;
  #canvas;
  #open = null;

  /** @param {{easel: any, canvas: any}} parts */
  constructor({ easel, canvas }) {
    this.#easel = easel;
    this.#canvas = canvas;
  }

  /** @param {any} element @param {string} [id] of one that is there already */
  open(element, id) {
    this.close();
    const field = h("textarea", { class: "board-text", maxlength: String(MAX_CHARS), "aria-label": element.kind === "note" ? "Sticky note" : "Text on the board", rows: "1" });
    field.value = element.text ?? "";
    this.#open = { field, element, id };
    if (id) this.#easel.lifted.set(id, null);
    this.#canvas.element.append(field);
    this.#place();
    field.addEventListener("input", () => this.#place());
    field.addEventListener("blur", () => this.close());
    field.addEventListener("keydown", (event) => {
      if (event.key === "Escape" || (event.key === "Enter" && (event.ctrlKey || event.metaKey))) {
        event.preventDefault();
        this.close();
        this.#canvas.element.focus({ preventScroll: true });
      }
      event.stopPropagation();
    });
    for (const type of ["pointerdown", "pointermove", "pointerup", "wheel"]) field.addEventListener(type, (event) => event.stopPropagation());
    this.#easel.emit("draw");
    field.focus({ preventScroll: true });
    // A press that opens it ends after it is open, and would take the focus away again.
    requestAnimationFrame(() => this.#open?.field === field && field.focus({ preventScroll: true }));
  }

  /** What was written goes to the board. */
  close() {
    const open = this.#open;
    if (!open) return;
    this.#open = null;
    const text = open.field.value.replace(/\s+$/, "");
    open.field.remove();
    if (open.id) this.#easel.lifted.delete(open.id);
    if (text !== (open.element.text ?? "")) this.#keep(open, text);
    this.#easel.emit("draw");
  }

  #keep({ id, element }, text) {
    if (!id) this.#easel.select([this.#easel.add({ ...element, text })]);
    else if (!text && element.kind === "text") this.#easel.apply([{ op: "delete", id }]);
    else this.#easel.apply([{ op: "patch", id, fields: { text } }]);
  }

  #place() {
    const { field, element } = this.#open;
    const { view } = this.#canvas;
    const isNote = element.kind === "note";
    const size = sizeOf(element);
    const [left, top] = view.toDesk(element.x, element.y);
    Object.assign(field.style, {
      left: `${left}px`,
      top: `${top}px`,
      font: `${size * view.scale}px/${LINE_HEIGHT} ${FONTS}`,
      color: isNote ? INK : colorOf(element.color),
      background: isNote ? colorOf(element.color, NOTE_PAPER) : "",
      padding: isNote ? `${NOTE_MARGIN * view.scale}px` : "0",
      width: isNote || element.w ? `${(element.w ?? 0) * view.scale}px` : "2ch",
      height: isNote ? `${element.h * view.scale}px` : "auto",
      textAlign: ["center", "right"].includes(element.align) ? element.align : "left",
      whiteSpace: isNote || element.w ? "pre-wrap" : "pre",
    });
    if (isNote) return;
    if (!element.w) field.style.width = `${Math.max(2 * size * view.scale, field.scrollWidth + size * view.scale)}px`;
    field.style.height = `${field.scrollHeight}px`;
  }
}
