/** What can be done with what is selected; shown while something is. */
import { button, h, setIcon } from "../ui/dom.js";

/** @param {{easel: any, arrange: any, bag: any}} parts */
export function selectionBar({ easel, arrange, bag }) {
  const entry = (label, picture, act) => button({ label, icon: picture, class: "quiet icon-only", onClick: act });
  const lock = entry("Lock", "lock", arrange.toggleLock);
  const others = [
    entry("Duplicate", "copy", arrange.duplicate),
    entry("To the front", "front", () => arrange.order("front")),
    entry("Forward", "up", () => arrange.order("forward")),
    entry("Backward", "down", () => arrange.order("backward")),
    entry("To the back", "back", () => arrange.order("back")),
  ];
  const describe = entry("Describe the picture", "text", () => void arrange.describe());
  const remove = entry("Delete", "trash", arrange.remove);
  const element = h("div", { class: "selection-bar", role: "toolbar", "aria-label": "Selected elements", hidden: true }, describe, ...others, lock, remove);
  bag.add(
    easel.on("change", () => {
      const { selected, refusal } = easel;
      const isShut = selected.length > 0 && selected.every(({ element: one }) => one.locked === true);
      element.hidden = selected.length === 0 || Boolean(refusal);
      describe.hidden = selected.length !== 1 || selected[0].element.kind !== "image";
      for (const one of [describe, ...others.slice(1), remove]) one.disabled = isShut;
      lock.setAttribute("aria-label", isShut ? "Unlock" : "Lock");
      lock.title = isShut ? "Unlock" : "Lock";
      setIcon(lock, isShut ? "unlock" : "lock");
    }),
  );
  return element;
}
