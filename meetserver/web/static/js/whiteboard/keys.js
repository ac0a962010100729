/** Keys at the board. Undo and redo work wherever the focus is, unless somebody writes; the others on the paper. */

const STEP = 10;
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const ORDERS = { "]": "forward", "[": "backward", "}": "front", "{": "back" };

/** @param {{board: HTMLElement, canvas: any, easel: any, arrange: any, tools: Record<string, any>, bag: any}} parts */
export function listenAtBoard({ board, canvas, easel, arrange, tools, bag }) {
  bag.listen(document, "keydown", (event) => {
    if (board.hidden || document.querySelector("dialog[open]") || event.altKey || event.isComposing || isWriting(event.target)) return;
    if (event.ctrlKey || event.metaKey) use(event, easel.refusal ? undefined : withControl(event.key.toLowerCase(), event.shiftKey));
  });
  bag.listen(canvas.element, "keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || event.target !== canvas.element) return;
    use(event, alone(event));
  });

  const use = (event, act) => {
    if (!act) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  };
  const withControl = (key, shift) => ({ z: shift ? () => easel.redo() : () => easel.undo(), y: () => easel.redo(), d: easel.selection.size > 0 && arrange.duplicate, a: board.contains(document.activeElement) && arrange.all })[key];

  function alone({ key, shiftKey }) {
    const hasSelection = easel.selection.size > 0;
    if (key === "." || key === ",") return () => arrange.next(key === "." ? 1 : -1); // also for who only looks on
    if (key === "Escape") return hasSelection || (easel.tool !== "select" && !easel.refusal) ? () => (easel.select([]), easel.choose({ tool: "select" })) : undefined;
    if (easel.refusal) return undefined;
    if (key === "Enter") return tools[easel.tool].place && (() => tools[easel.tool].place(middle()));
    if (!hasSelection) return undefined;
    if (key === "Delete" || key === "Backspace") return arrange.remove;
    if (key in ORDERS) return () => arrange.order(ORDERS[key]);
    const [dx, dy] = ARROWS[key] ?? [];
    return dx === undefined ? undefined : () => arrange.move(dx * (shiftKey ? 5 * STEP : STEP), dy * (shiftKey ? 5 * STEP : STEP));
  }

  function middle() {
    const { width, height } = canvas.view.size;
    return canvas.view.toBoard(width / 2, height / 2);
  }
}

function isWriting(target) {
  return target instanceof HTMLElement && (target.isContentEditable || target.tagName === "TEXTAREA" || (target.tagName === "INPUT" && !["radio", "checkbox", "range"].includes(target.type)));
}
