/** The board: pages of elements, the versions that were kept, and what others are about to do. */
import { Page, SHEET } from "./page.js";
import * as steps from "./steps.js";

export const FIRST_PAGE = "1";
const NOTHING = new Page();
const LATE_MS = 500;
const REMEMBERED = 500; // previews, and elements that were changed just now

/** `asOf`: events up to this seq are in it already; `order` and `sheets` are those of the pages that were made on purpose; a new element stands at `nextZ`; `steps` are what we may take back. */
export const empty = () => ({ asOf: 0, pages: new Map(), order: [FIRST_PAGE], sheets: new Map(), versions: [], nextZ: 0, steps: steps.noSteps(), previews: new Map(), changedAt: new Map(), pointers: new Map() });

/** @param {any} part a snapshot's `whiteboard` @param {any} [own] its `steps` */
export function fromSnapshot(part, own) {
  const pages = Object.entries(part?.pages ?? {}).filter(([, elements]) => Array.isArray(elements));
  const sheets = new Map(Object.entries(part?.sheets ?? { [FIRST_PAGE]: {} }));
  return {
    ...empty(),
    asOf: part?.seq ?? 0,
    pages: new Map(pages.map(([name, elements]) => [name, new Page(elements)])),
    order: (part?.order ?? [FIRST_PAGE]).filter((page) => sheets.has(page)),
    sheets,
    versions: [...(part?.versions ?? [])],
    nextZ: part?.next_z ?? 0,
    steps: steps.fromSnapshot(own),
  };
}

/** All pages in order; those that are there by their elements alone stand last. The first one, where there is no other. */
export function allPages(board) {
  const others = [...board.pages].filter(([page, { elements }]) => elements.size > 0 && !board.order.includes(page)).map(([page]) => page);
  const found = [...board.order, ...others.sort()];
  return found.length > 0 ? found : [FIRST_PAGE];
}
export const pageOf = (board, page) => board.pages.get(page) ?? NOTHING;
export const sheetOf = (board, page) => ({ ...SHEET, ...board.sheets.get(page) });

/** What a page is called: a name, or its number. */
export const titleOf = (board, page) => sheetOf(board, page).name || `Page ${allPages(board).indexOf(page) + 1}`;

export function applyOp(board, page, op) {
  const known = page.elements.get(op.id);
  if (op.op === "put") raise(board, page, op.id, op.element, known?.z ?? op.z ?? board.nextZ);
  else if (op.op === "delete") page.delete(op.id);
  else if (known && op.op === "patch") page.set(op.id, patched(known.element, op.fields), known.z);
  else if (known && op.op === "order") raise(board, page, op.id, known.element, op.z);
  board.previews.delete(op.id);
  keepNewest(board.changedAt, op.id, performance.now());
}

/** As many as one needs to know: whatever others send, these do not grow. */
function keepNewest(map, key, value) {
  map.delete(key);
  map.set(key, value);
  if (map.size > REMEMBERED) map.delete(map.keys().next().value);
}

function raise(board, page, id, element, z) {
  page.set(id, element, z);
  if (z >= board.nextZ) board.nextZ = Math.floor(z) + 1;
}

/** A field that is null goes. */
export function patched(element, fields) {
  return Object.fromEntries(Object.entries({ ...element, ...fields }).filter(([, value]) => value !== null));
}

/** A page that nobody made comes with its first element and goes with its last. */
function change(store, name, act) {
  const { board } = store;
  const page = board.pages.get(name) ?? new Page();
  const wasEmpty = page.elements.size === 0;
  board.pages.set(name, page);
  act(page);
  if (wasEmpty !== (page.elements.size === 0)) store.emit("pages", {});
}

function move(board, page, index) {
  const others = board.order.filter((one) => one !== page);
  board.order = [...others.slice(0, index), page, ...others.slice(index)];
}

/** A board that was fetched may be newer than the events that come then. */
const isKnown = ({ board }, seq) => seq <= board.asOf;

/** An event of a page's properties or place. */
const ofPages = (act) => (store, { data, seq }) => {
  if (!isKnown(store, seq)) act(store.board, data);
  store.emit("pages", {});
};

export const events = {
  "whiteboard.applied": (store, { data, by, seq }) => {
    const name = data.page ?? FIRST_PAGE;
    if (!isKnown(store, seq)) change(store, name, (page) => data.ops.forEach((op) => applyOp(store.board, page, op)));
    steps.note(store.board.steps, { seq, data }, name, data.ops.map(({ id }) => id), by === store.self.participant);
    store.emit("board", { page: name, by });
  },
  "whiteboard.cleared": (store, { data, by, seq }) => {
    const name = data.page ?? FIRST_PAGE;
    if (isKnown(store, seq)) return void store.emit("board", { page: name, by });
    change(store, name, (page) => {
      const gone = [...page.elements.values()].filter(({ element }) => element.locked !== true).map(({ id }) => id);
      for (const id of gone) page.delete(id);
      steps.note(store.board.steps, { seq, data }, name, gone, by === store.self.participant);
    });
    return store.emit("board", { page: name, by });
  },
  "whiteboard.page_added": ofPages((board, { page, index, sheet }) => {
    board.sheets.set(page, sheet ?? {});
    move(board, page, index);
  }),
  "whiteboard.page_changed": ofPages((board, { page, sheet }) => {
    board.sheets.set(page, sheet);
    if (!board.order.includes(page)) board.order.push(page);
  }),
  "whiteboard.page_moved": ofPages((board, { page, index }) => {
    if (!board.sheets.has(page)) board.sheets.set(page, {});
    move(board, page, index);
  }),
  "whiteboard.page_removed": ofPages((board, { page }) => {
    board.pages.delete(page);
    board.sheets.delete(page);
    board.order = board.order.filter((one) => one !== page);
    steps.forgetPage(board.steps, page);
  }),
  "whiteboard.saved": (store, { data, by, at, seq }) => {
    if (!isKnown(store, seq)) store.board.versions.push({ id: data.version, name: data.name, by, at, seq });
    store.emit("versions", {});
  },
  "whiteboard.discarded": (store, { data }) => {
    store.board.versions = store.board.versions.filter(({ id }) => id !== data.version);
    store.emit("versions", {});
  },
  "whiteboard.previewed": (store, { data, by }) => {
    const at = performance.now();
    if (at - store.board.changedAt.get(data.id) < LATE_MS) return; // it shows what was before the change
    keepNewest(store.board.previews, data.id, { element: data.element, page: data.page ?? FIRST_PAGE, by, at });
    store.emit("preview", {});
  },
  "pointer.moved": (store, { data, by }) => {
    store.board.pointers.set(by, { ...data, at: performance.now() });
    store.emit("pointer", {});
  },
  "participant.may_draw": (store, { data }) => {
    const participant = store.participants.get(data.participant);
    if (participant) participant.may_draw = data.on;
    store.emit("participants", {});
  },
};
