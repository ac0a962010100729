/** Whom a private message goes to. */
import { openDialog } from "../ui/dialog.js";
import { avatar, h } from "../ui/dom.js";
import { reachable } from "./people.js";

const MOST = 50;

/** @param {any} store @param {string[]} chosen @param {(ids: string[]) => void} onChoose */
export function openAddressees(store, chosen, onChoose) {
  const people = reachable(store);
  const boxes = people.map(({ id }) => h("input", { type: "checkbox", value: id, id: `to-${id}`, checked: chosen.includes(id) }));
  const read = () => boxes.filter(({ checked }) => checked).map(({ value }) => value);
  const keepFew = () => boxes.forEach((box) => (box.disabled = !box.checked && read().length >= MOST));
  const list = h(
    "ul",
    { class: "entries addressees", on: { change: keepFew } },
    ...people.map(({ id, name, isAway }, index) => h("li", { class: "entry" }, boxes[index], avatar(name, id), h("label", { for: `to-${id}`, class: "about", text: isAway ? `${name} (left: reads it when they are back)` : name }))),
  );
  const body = people.length > 0 ? [h("p", { class: "muted", text: "Nobody else sees it, hosts neither. Choose nobody to write to everybody again." }), list] : h("p", { text: "Nobody else is here." });
  const { closed } = openDialog({ title: "Write to some people only", body, actions: people.length > 0 ? [{ label: "Cancel", value: false }, { label: "Choose", value: true, class: "primary" }] : [] });
  void closed.then((isChosen) => isChosen && onChoose(read()));
}
