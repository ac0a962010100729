/** Text and sticky notes: where the pointer goes up, an editor opens. */
import { PAPERS } from "../choices.js";
import { round } from "../fields.js";
import { NOTE_PAPER, TEXT_SIZE } from "../lettering.js";

const SIDE = 200;

export class Writer {
  #easel;
  #editor;
  #kind;

  /** @param {any} easel @param {any} editor @param {"text" | "note"} kind */
  constructor(easel, editor, kind) {
    this.#easel = easel;
    this.#editor = editor;
    this.#kind = kind;
  }

  down() {}

  move() {}

  cancel() {}

  up(at) {
    this.place(at);
  }

  place([x, y]) {
    const { color, width } = this.#easel;
    const size = TEXT_SIZE + 2 * (width - 4);
    const text = { kind: "text", x: round(x), y: round(y - size * 0.65), text: "", size, color };
    const note = { kind: "note", x: round(x - SIDE / 2), y: round(y - SIDE / 2), w: SIDE, h: SIDE, text: "", color: PAPERS[color] ?? NOTE_PAPER };
    this.#easel.choose({ tool: "select" });
    this.#editor.open(this.#kind === "text" ? text : note);
  }
}
