/** The board: elements with ids in the order they came, changed by put, patch and delete. */

export const PAGE = "1";

/** `version` rises when something other than an addition at the end happened: what was drawn must be drawn anew. */
export const empty = () => ({ elements: new Map(), version: 0, previews: new Map(), pointers: new Map() });

export function fromSnapshot(part) {
  const elements = part?.pages?.[PAGE] ?? [];
  return { ...empty(), version: Date.now(), elements: new Map((Array.isArray(elements) ? elements : []).map(({ id, element }) => [id, element])) };
}

/** @param {ReturnType<typeof empty>} board */
export function applyOp(board, op) {
  const { elements } = board;
  const known = elements.get(op.id);
  if (op.op === "put") {
    if (known) board.version += 1;
    elements.set(op.id, op.element);
  } else if (op.op === "patch" && known) {
    const patched = { ...known, ...op.fields };
    for (const [name, value] of Object.entries(op.fields)) if (value === null) delete patched[name];
    elements.set(op.id, patched);
    board.version += 1;
  } else if (op.op === "delete" && known) {
    elements.delete(op.id);
    board.version += 1;
  }
  board.previews.delete(op.id);
}

const ofThisPage = ({ data }) => (data.page ?? PAGE) === PAGE;

export const events = {
  "whiteboard.applied": (store, frame) => {
    if (!ofThisPage(frame)) return;
    for (const op of frame.data.ops) applyOp(store.board, op);
    store.emit("board", { ops: frame.data.ops, by: frame.by });
  },
  "whiteboard.previewed": (store, frame) => {
    if (!ofThisPage(frame) || store.board.elements.has(frame.data.id)) return;
    store.board.previews.set(frame.data.id, { element: frame.data.element, by: frame.by, at: performance.now() });
    store.emit("preview", {});
  },
  "pointer.moved": (store, { data, by }) => {
    store.board.pointers.set(by, { ...data, at: performance.now() });
    store.emit("pointer", {});
  },
};
