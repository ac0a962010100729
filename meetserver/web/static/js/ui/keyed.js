/** A list that follows a map: entries are kept, not made anew, so that the focus and what is open stay. */

/**
 * @param {HTMLElement} list
 * @param {Map<string, {element: HTMLElement}>} made what is shown now, by key; changed in place
 * @param {Iterable<[string, any]>} wanted keys and values in order
 * @param {(value: any) => {element: HTMLElement, update: (value: any) => void}} make
 */
export function follow(list, made, wanted, make) {
  const kept = new Set();
  let place = list.firstElementChild;
  for (const [key, value] of wanted) {
    kept.add(key);
    const entry = made.get(key) ?? make(value);
    made.set(key, entry);
    entry.update(value);
    if (entry.element === place) place = place.nextElementSibling;
    else list.insertBefore(entry.element, place);
  }
  for (const [key, { element }] of made) {
    if (kept.has(key)) continue;
    if (element.contains(document.activeElement)) focusBeside(element);
    element.remove();
    made.delete(key);
  }
}

/** What had the focus goes: the same button of the next entry has it, or of the one before. */
function focusBeside(element) {
  const index = [...element.querySelectorAll("button")].indexOf(document.activeElement);
  const beside = element.nextElementSibling ?? element.previousElementSibling;
  (beside?.querySelectorAll("button")[index] ?? element.closest("section, aside, main")?.querySelector("button:not([hidden])"))?.focus();
}
