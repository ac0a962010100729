/** The first page of somebody who is not signed in: what this is, and the card to sign in or up. */
import { h, icon, show } from "../ui/dom.js";

const POINTS = [
  ["camera", "See and hear each other, straight from browser to browser"],
  ["board", "Draw together on one board"],
  ["chat", "Chat that survives a lost connection"],
];

export function startPage(card) {
  show(
    h(
      "div",
      { class: "page start" },
      h(
        "div",
        { class: "pitch" },
        h("h1", { text: "Meet, talk and draw together" }),
        h("p", { text: "Make a meeting, send its link. Guests need no account and install nothing." }),
        h("ul", { class: "points" }, ...POINTS.map(([name, text]) => h("li", {}, icon(name), text))),
      ),
      card,
    ),
  );
}
