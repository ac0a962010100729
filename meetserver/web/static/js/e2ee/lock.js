/** The lock beside the meeting's title, and behind it what is encrypted, for whom, and the code to compare. */
import { openDialog } from "../ui/dialog.js";
import { h, icon } from "../ui/dom.js";

const LABELS = { open: "Encrypted chat", compared: "Encrypted chat, code compared", changed: "Encrypted chat, people changed", unable: "Encrypted chat, not readable here" };

/** @param {{secrets: any, store: any, bag: any}} parts @returns {HTMLElement} hidden where the chat is not encrypted */
export function lockButton({ secrets, store, bag }) {
  const label = h("span");
  const element = h("button", { type: "button", class: "badge encrypted", hidden: true, on: { click: () => openSafety(secrets, store) } }, icon("lock"), label);
  const update = async () => {
    element.hidden = !secrets.isOn;
    if (!secrets.isOn) return;
    const state = secrets.isAble ? await stateOf(secrets) : "unable";
    element.dataset.state = state;
    label.textContent = LABELS[state];
  };
  bag.add(secrets.on("change", () => void update()));
  bag.add(store.on("participants", () => void update()));
  return element;
}

async function stateOf(secrets) {
  if (!secrets.compared) return "open";
  return secrets.compared === (await secrets.code()) ? "compared" : "changed";
}

function openSafety(secrets, store) {
  const code = h("output", { class: "safety-code", "aria-live": "polite", "aria-label": "Safety code" });
  const people = h("ul", { class: "readers" });
  const changed = h("p", { class: "notice bad", role: "alert", hidden: true, text: "Somebody came or went while this was open, and the code is another one. Close this, and compare it anew." });
  let first = "";
  const update = async () => {
    const now = secrets.isAble ? await secrets.code() : "";
    first ||= now;
    code.textContent = now;
    changed.hidden = now === first;
    people.replaceChildren(...secrets.everybody.map((one) => h("li", { text: describe(one, store.self.participant) })));
  };
  const body = [
    h("p", { text: "What is written in this meeting’s chat is encrypted in the browsers of those who are here. The server passes it on and cannot read it. Who comes later does not read what was written before, and nobody reads it after the meeting." }),
    h("p", { text: "Files that go with its messages are encrypted, too. The whiteboard, names, reactions, recordings and what is added under Files are not. Calls are encrypted on their way, with keys that the server passes on." }),
    h("h3", { text: "Safety code" }),
    h("p", { text: "Read it aloud to each other. If all of you see the same, nobody else can read the chat." }),
    code,
    changed,
    h("h3", { text: "Who can read it now" }),
    people,
  ];
  if (!secrets.isAble) body.unshift(h("p", { class: "notice bad", text: "This page was not opened over https: the browser cannot encrypt here." }));
  const stop = [secrets.on("change", () => void update()), store.on("participants", () => void update())];
  const { closed } = openDialog({ title: "End-to-end encrypted chat", body, actions: [{ label: "Close", value: "" }, { label: "It is the same", value: "same", class: "primary" }] });
  void update();
  void closed.then(async (value) => {
    stop.forEach((one) => one());
    if (value !== "same" || !secrets.isAble) return;
    secrets.compared = first; // not what may have come in its place in the last moment
    secrets.emit("change");
  });
}

function describe({ participant, name, identity }, self) {
  if (!name) return "Somebody who is not in the list of people. Do not trust this meeting.";
  const who = participant === self ? `${name} (you)` : name;
  return identity ? who : `${who}: cannot read it`;
}
