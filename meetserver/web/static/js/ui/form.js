/** Forms: labelled fields, one place for the error, the first wrong field gets the focus. */
import { button, h, icon, notice, whileBusy } from "./dom.js";
import { explain } from "./explain.js";

let serial = 0;

/** @returns {{element: HTMLElement, input: HTMLInputElement, fail: (text: string) => void}} */
export function field({ label, hint, ...attributes }) {
  const id = `field-${++serial}`;
  const hintId = hint ? `${id}-hint` : null;
  const error = h("div", { class: "error", id: `${id}-error`, hidden: true });
  const input = h("input", { id, "aria-describedby": [hintId, error.id].filter(Boolean).join(" "), ...attributes });
  input.addEventListener("input", () => fail(""));
  const fail = (text) => {
    error.replaceChildren(...(text ? [icon("warn"), h("span", { text })] : []));
    error.hidden = !text;
    if (text) input.setAttribute("aria-invalid", "true");
    else input.removeAttribute("aria-invalid");
  };
  const element = h("div", { class: "field" }, h("label", { for: id, text: label }), input, hint && h("div", { class: "hint", id: hintId, text: hint }), error);
  return { element, input, fail };
}

/**
 * A form that checks its fields with the browser's own rules and shows what the server refuses.
 * @param {{fields: ReturnType<typeof field>[], body?: Node[], submit: string, onSubmit: () => Promise<void>, class?: string}} what
 *   `body`: how the fields stand, where it is not one after the other
 */
export function form({ fields, body = fields.map((one) => one.element), submit, onSubmit, class: classes = "stack" }) {
  const problem = h("div", { hidden: true });
  const send = button({ label: submit, type: "submit", class: "primary" });
  const element = h("form", { class: classes, novalidate: true }, ...body, problem, send);
  element.addEventListener("submit", (event) => {
    event.preventDefault();
    problem.hidden = true;
    const wrong = fields.filter((one) => {
      one.fail(one.input.validationMessage);
      return !one.input.validity.valid;
    });
    if (wrong.length > 0) return void wrong[0].input.focus();
    void whileBusy(send, () => onSubmit()).catch((error) => {
      problem.replaceChildren(notice("bad", explain(error)));
      problem.hidden = false;
    });
  });
  return { element, send };
}
