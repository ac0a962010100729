/** A field over the board in which a text or a sticky note is written, where it will stand. */
import { h } from "../ui/dom.js";
import { colorOf, INK, round } from "./fields.js";
import { FONTS, layOut, LINE_HEIGHT, NOTE_MARGIN, NOTE_PAPER, sizeOf } from "./lettering.js";
import { allPages } from "./reducer.js";

const MAX_CHARS = 4000;
const LEAST_PX = 12; // smaller letters are seen larger while they are written, …
const WRITTEN_PX = 16; // … as large as this: into smaller ones phones zoom
const MARGIN_PX = 20;
const LEAST_ROOM = 4; // in sizes: beside the page's edge a text goes beyond it

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
    this.#open = { field, element, id, page: this.#easel.page, ...this.#closeUp(element) };
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
    if (open.before && open.scale === this.#canvas.view.scale) this.#canvas.view.take(open.before);
    if (text !== (open.element.text ?? "")) this.#keep(open, text);
    this.#easel.emit("draw");
  }

  /** On the page that it was begun on, if that is still there; also when somebody has deleted the element meanwhile. */
  #keep({ id, element, page: begun }, text) {
    const easel = this.#easel;
    const page = allPages(easel.store.board).includes(begun) ? begun : easel.page;
    const written = onPage({ ...element, text }, easel.sheet);
    if (!id || (text && !easel.shown(id, page))) this.#added(easel.add(written, page), page);
    else if (!text && element.kind === "text") easel.apply([{ op: "delete", id }], page);
    else easel.apply([{ op: "patch", id, fields: { text, ...(written.w !== element.w && { w: written.w }) } }], page);
  }

  #added(id, page) {
    if (page === this.#easel.page) this.#easel.select([id]);
  }

  /** Where there is little room for the page: the place at the top, as phones cover the rest with their keys. */
  #closeUp(element) {
    const { view } = this.#canvas;
    const px = sizeOf(element) * view.scale;
    if (px >= LEAST_PX) return {};
    const before = view.place;
    view.zoom(WRITTEN_PX / px);
    const [left, top] = view.toDesk(element.x, element.y);
    view.pan(MARGIN_PX - left, MARGIN_PX - top);
    return { before, scale: view.scale };
  }

  #place() {
    const { field } = this.#open;
    const element = onPage({ ...this.#open.element, text: field.value }, this.#easel.sheet);
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

/** Where a text would go on beyond the page, its lines are broken. */
function onPage(element, { width }) {
  const room = Math.max(LEAST_ROOM * sizeOf(element), width - element.x);
  if (element.kind !== "text" || element.w || !(layOut(element)?.box.w > room)) return element;
  return { ...element, w: round(room) };
}
