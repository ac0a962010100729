/** What the middle shows: everybody's pictures, or the board or a shared screen with the pictures as a strip. */
import { h } from "../ui/dom.js";

export class Stage {
  isBoardOpen = false;
  onChange = () => {};
  #tiles;
  #board;

  constructor({ tiles, board }) {
    this.#tiles = tiles;
    this.#board = board;
    board.element.hidden = true;
    this.element = h("section", { class: "stage", "aria-label": "Stage", data: { focus: "none" } }, tiles.spotlight, board.element, tiles.element);
  }

  toggleBoard() {
    this.isBoardOpen = !this.isBoardOpen;
    if (!this.isBoardOpen && this.#board.element.contains(document.activeElement)) document.activeElement.blur();
    this.refresh();
    if (this.isBoardOpen) this.#board.opened();
    else this.#board.closed();
    this.onChange(this.isBoardOpen);
  }

  /** @returns {boolean} whether it was open */
  closeBoard() {
    const wasOpen = this.isBoardOpen;
    if (wasOpen) this.toggleBoard();
    return wasOpen;
  }

  refresh() {
    const focus = this.isBoardOpen ? "board" : this.#tiles.hasScreens ? "screen" : "none";
    this.element.dataset.focus = focus;
    this.#board.element.hidden = focus !== "board";
    this.#tiles.spotlight.hidden = focus !== "screen";
  }
}
