/** The board: tools, the paper, pages; put together. */
import { button, h } from "../ui/dom.js";
import { arranging } from "./arrange.js";
import { Bringing } from "./bringing.js";
import { BoardCanvas } from "./canvas.js";
import { Easel } from "./easel.js";
import { Editor } from "./editor.js";
import { Hand } from "./hand.js";
import { listenAtBoard } from "./keys.js";
import { openBoardMenu } from "./menu.js";
import { pagesBar } from "./pages-bar.js";
import { Pictures } from "./pictures.js";
import { selectionBar } from "./selection-bar.js";
import { tellTool } from "./told.js";
import { Toolbox } from "./toolbox.js";
import { Eraser } from "./tools/eraser.js";
import { Pen } from "./tools/pen.js";
import { Select } from "./tools/select.js";
import { Shape } from "./tools/shape.js";
import { Writer } from "./tools/writer.js";
import { zoomBar } from "./zoom-bar.js";

export class BoardPanel {
  #canvas;
  #editor;
  #toolbox;

  /** @param {{session: any, store: any, meeting: string, access: any, moderation: any, bag: any, bringOthers: (files: File[]) => void, onClose: () => void}} parts */
  constructor(parts) {
    const { store, bag, onClose } = parts;
    const easel = new Easel(parts);
    const pictures = new Pictures({ headers: parts.access.headers, bag });
    const canvas = (this.#canvas = new BoardCanvas({ easel, pictures, bag }));
    const editor = (this.#editor = new Editor({ easel, canvas }));
    const tools = toolsOf(easel, canvas, editor);
    const arrange = arranging(easel);
    new Hand({ easel, canvas, tools, bag });
    const bringing = new Bringing({ ...parts, easel, canvas, pictures });
    this.#toolbox = new Toolbox({ easel, bag, onPicture: () => bringing.choose() });
    const why = h("p", { class: "why muted", role: "status" });
    const undo = button({ label: "Undo my last change", icon: "undo", class: "quiet icon-only", onClick: () => void easel.undo() });
    const redo = button({ label: "Redo", icon: "redo", class: "quiet icon-only", onClick: () => void easel.redo() });
    const menu = button({ label: "More about the board", icon: "more", class: "quiet icon-only", "aria-haspopup": "dialog", onClick: () => openBoardMenu({ ...parts, easel, pictures }) });
    const close = button({ label: "Close the board", icon: "close", class: "quiet icon-only", onClick: onClose });
    const bar = h("div", { class: "board-bar", role: "group", "aria-label": "Drawing tools" }, this.#toolbox.element, why, h("div", { class: "board-actions" }, undo, redo, menu, close));
    const foot = h("div", { class: "board-foot" }, pagesBar({ easel, store, bag }), zoomBar({ easel, canvas, bag }));
    this.element = h("section", { class: "board", "aria-label": "Whiteboard" }, bar, h("div", { class: "desk" }, canvas.element, bringing.element, selectionBar({ easel, arrange, bag })), foot);
    bringing.listen(this.element);
    listenAtBoard({ board: this.element, canvas, easel, arrange, tools, bag });
    tellTool({ ...parts, easel });
    bag.add(easel.on("paint", (what) => arrange.paint(what)));
    for (const topic of ["page", "view"]) bag.add(easel.on(topic, () => editor.close()));
    bag.add(
      easel.on("change", () => {
        why.textContent = easel.refusal;
        undo.disabled = !easel.canUndo;
        redo.disabled = !easel.canRedo;
        canvas.element.dataset.tool = easel.refusal ? "hand" : easel.tool;
      }),
    );
  }

  opened() {
    this.#canvas.ask();
    this.#toolbox.focus();
  }

  /** What somebody was just writing goes to the board. */
  closed() {
    this.#editor.close();
  }
}

function toolsOf(easel, canvas, editor) {
  const shapes = ["line", "arrow", "rectangle", "ellipse", "diamond"].map((kind) => [kind, new Shape(easel, kind)]);
  return {
    select: new Select(easel, canvas, editor),
    hand: {},
    pen: new Pen(easel, "stroke"),
    highlighter: new Pen(easel, "highlighter"),
    ...Object.fromEntries(shapes),
    text: new Writer(easel, editor, "text"),
    note: new Writer(easel, editor, "note"),
    eraser: new Eraser(easel, canvas.view),
  };
}
