/** Something that is on or off, and choices from a few: fields as those of form.js. */
import { h } from "./dom.js";

let serial = 0;

/** @param {{label: string, hint?: string, name?: string, checked?: boolean, onChange?: (isOn: boolean) => void}} what */
export function switchField({ label, hint, onChange, ...attributes }) {
  const id = `switch-${++serial}`;
  const hintId = hint ? `${id}-hint` : null;
  const input = h("input", { id, type: "checkbox", role: "switch", "aria-describedby": hintId, ...attributes });
  if (onChange) input.addEventListener("change", () => onChange(input.checked));
  const element = h("div", { class: "switch" }, h("div", {}, h("label", { for: id, text: label }), hint && h("div", { class: "hint", id: hintId, text: hint })), input);
  return { element, input, fail: () => {} };
}

/** @param {{label: string, options: Record<string, string>, value?: string}} what */
export function choiceField({ label, options, value, ...attributes }) {
  const id = `choice-${++serial}`;
  const input = h("select", { id, ...attributes }, ...Object.entries(options).map(([key, text]) => h("option", { value: key, selected: key === value, text })));
  return { element: h("div", { class: "field" }, h("label", { for: id, text: label }), input), input, fail: () => {} };
}
