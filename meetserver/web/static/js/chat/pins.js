/** What hosts pinned, above the messages: the newest at once, all of them at a press. */
import { openDialog } from "../ui/dialog.js";
import { button, h, icon } from "../ui/dom.js";
import { excerpt } from "./text.js";

/** @param {{store: any, deeds: any, bag: any, onJump: (id: string) => void}} parts @returns {HTMLElement} */
export function pinnedBar({ store, deeds, bag, onJump }) {
  const text = h("span", { class: "what" });
  const count = h("span", { class: "badge" });
  const element = h("button", { type: "button", class: "pinned", hidden: true, on: { click: () => openPinned({ store, deeds, onJump }) } }, icon("pin"), h("span", { class: "visually-hidden", text: "Pinned: " }), text, count);
  const update = () => {
    const { pinned } = store.chat;
    element.hidden = pinned.length === 0;
    if (pinned.length === 0) return;
    text.textContent = excerpt(pinned.at(-1));
    count.textContent = String(pinned.length);
    count.hidden = pinned.length === 1;
  };
  bag.add(store.on("pinned", update));
  bag.add(store.on("chat", ({ isReset }) => isReset && update()));
  return element;
}

function openPinned({ store, deeds, onJump }) {
  const items = [...store.chat.pinned].reverse().map((message) =>
    h(
      "li",
      { class: "entry" },
      h("div", { class: "about" }, h("div", { class: "title", text: message.name }), h("div", { class: "excerpt", text: excerpt(message, 500) })),
      button({ label: "Show", class: "small", onClick: () => (dialog.close(), dialog.closed.then(() => onJump(message.message_id))) }),
      deeds.mayPin(message) && button({ label: "Unpin", class: "small quiet", onClick: () => (dialog.close(), void deeds.pin(message, false)) }),
    ),
  );
  const dialog = openDialog({ title: "Pinned messages", body: h("ul", { class: "entries" }, ...items) });
}
