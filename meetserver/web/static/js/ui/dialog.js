/** Modal dialogs on the platform's own <dialog>: focus stays in, Escape closes, focus goes back. */
import { button, h } from "./dom.js";

/**
 * @param {{title: string, body: Node|Node[], actions?: {label: string, value: any, class?: string}[]}} what
 * @returns {{closed: Promise<any>, close: (value?: any) => void, element: HTMLDialogElement}}
 */
export function openDialog({ title, body, actions = [] }) {
  const before = document.activeElement;
  const heading = h("h2", { id: `dialog-${crypto.getRandomValues(new Uint32Array(1))[0]}`, text: title });
  let outcome;
  let settle;
  const closed = new Promise((resolve) => (settle = resolve));
  const close = (value) => {
    outcome = value;
    element.close();
  };
  const element = h(
    "dialog",
    { "aria-labelledby": heading.id },
    h("div", { class: "dialog-head" }, heading, button({ label: "Close", icon: "close", class: "quiet icon-only", onClick: () => close() })),
    h(
      "div",
      { class: "dialog-body" },
      ...[body].flat(),
      actions.length > 0 && h("div", { class: "dialog-actions" }, ...actions.map((action) => button({ label: action.label, class: action.class ?? "", onClick: () => close(action.value) }))),
    ),
  );
  element.addEventListener("click", (event) => event.target === element && close());
  element.addEventListener("close", () => {
    element.remove();
    if (before instanceof HTMLElement && before.isConnected) before.focus();
    settle(outcome);
  });
  document.body.append(element);
  element.showModal();
  element.querySelector(".dialog-body button, .dialog-body input, .dialog-body select")?.focus();
  return { closed, close, element };
}

/** Ask a question with one way to say yes. @returns {Promise<boolean>} */
export async function confirm({ title, text, yes, danger = false }) {
  const { closed } = openDialog({
    title,
    body: h("p", { text }),
    actions: [
      { label: "Cancel", value: false },
      { label: yes, value: true, class: danger ? "danger" : "primary" },
    ],
  });
  return Boolean(await closed);
}
