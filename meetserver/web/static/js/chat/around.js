/** A message from long ago with those around it, where it is too far back to be shown among the others. */
import { openDialog } from "../ui/dialog.js";
import { h } from "../ui/dom.js";
import { explain } from "../ui/explain.js";
import { moment } from "../ui/time.js";
import { isMe } from "./people.js";
import { excerpt, textElement } from "./text.js";

/** @param {any} message @param {{store: any, past: any}} parts */
export async function openAround(message, { store, past }) {
  const list = h("ol", { class: "entries around", "aria-label": "Messages", "aria-busy": "true" });
  const problem = h("p", { role: "status", class: "muted", text: "Loading…" });
  openDialog({ title: moment(message.at), body: [problem, list] });
  const one = (about) => {
    const name = isMe(store, about.by) ? "You" : about.name;
    const isIt = about.message_id === message.message_id;
    const head = h("div", { class: "title", text: name }, " ", h("time", { class: "muted", datetime: about.at, text: moment(about.at) }));
    return h("li", { class: `entry${isIt ? " it" : ""}`, tabindex: "-1", "aria-current": isIt ? "true" : null }, h("div", { class: "about" }, head, about.text ? textElement(about.text) : h("p", { class: "muted", text: excerpt(about, 500) })));
  };
  try {
    list.replaceChildren(...(await past.around(message.seq)).map(one));
    problem.remove();
    const it = list.querySelector("[aria-current]");
    it?.scrollIntoView({ block: "center" });
    it?.focus({ preventScroll: true });
  } catch (error) {
    problem.textContent = explain(error);
  } finally {
    list.removeAttribute("aria-busy");
  }
}
