/**
 * What the person of this page may take back at the board, and do again: what the server told when they came, and
 * their own changes since. Whoever changes the same elements after them takes that away, as far as it can be seen here.
 */

const MOST = 100; // as the server remembers, docs/limits.md

/** @typedef {Map<string, boolean>} Ids of elements; whether somebody else has changed them since */
/** @typedef {{seq: number, pages: Map<string, Ids | null>}} Step null: the server knows which elements */

/** `newest`: the seq of our newest change. */
export const noSteps = () => ({ undo: [], redo: [], newest: 0 });

/** @param {{undo: {seq: number, pages: string[]}[], redo: {seq: number, pages: string[]}[]}} [part] of a snapshot */
export function fromSnapshot({ undo = [], redo = [] } = {}) {
  const stack = (steps) => steps.map(({ seq, pages }) => ({ seq, pages: new Map(pages.map((page) => [page, null])) }));
  return { ...noSteps(), undo: stack(undo), redo: stack(redo) };
}

const isOpen = (ids) => ids === null || [...ids.values()].includes(false);

/** @param {"undo" | "redo"} which */
export const can = (steps, which, page) => steps[which].some(({ pages }) => pages.has(page) && isOpen(pages.get(page)));

/** The server knew of nothing any more: nothing is left there. */
export function forgetPage(steps, page, which = ["undo", "redo"]) {
  for (const one of which) {
    for (const { pages } of steps[one]) pages.delete(page);
    steps[one] = steps[one].filter(({ pages }) => pages.size > 0);
  }
}

/** These elements of a page were changed. @param {{seq: number, data: any}} event @param {string[]} ids @param {boolean} isOwn */
export function note(steps, { seq, data }, page, ids, isOwn) {
  const { undo, redo, goes_on: goesOn } = data;
  if (!isOwn) return overtake(steps, page, ids, undo === undefined && redo === undefined);
  steps.newest = seq;
  if (undo !== undefined) return turn(steps.undo, steps.redo, { seq, of: undo, page, ids, goesOn });
  if (redo !== undefined) return turn(steps.redo, steps.undo, { seq, of: redo, page, ids, goesOn });
  steps.redo = [];
  return push(steps.undo, { seq, page, ids, goesOn });
}

/** What they take back themselves is again as it was: perhaps as we left it. */
function overtake({ undo, redo }, page, ids, isOvertaken) {
  for (const { pages } of [...undo, ...redo]) {
    const ours = pages.get(page);
    if (ours) for (const id of ids) if (ours.has(id)) ours.set(id, isOvertaken);
  }
}

/** A step, or a part of it, goes over to the other stack. */
function turn(from, to, { of, page, ids, ...how }) {
  const at = from.findIndex(({ seq }) => seq === of);
  const step = from[at];
  if (step) {
    const left = step.pages.get(page);
    for (const id of ids) left?.delete(id);
    if (!left?.size) step.pages.delete(page);
    if (step.pages.size === 0) from.splice(at, 1);
  }
  push(to, { page, ids, ...how });
}

function push(stack, { seq, page, ids, goesOn }) {
  if (!goesOn || stack.length === 0) stack.push({ seq, pages: new Map() });
  const { pages } = stack.at(-1);
  pages.set(page, new Map([...(pages.get(page) ?? []), ...ids.map((id) => [id, false])]));
  if (stack.length > MOST) stack.shift();
}
