/** Who may draw: hosts choose, and let single people where only some may. */
import { openDialog } from "../ui/dialog.js";
import { h } from "../ui/dom.js";
import { choiceField, switchField } from "../ui/switch.js";

const MODES = { all: "Everybody but viewers", some: "Only some", host: "Only hosts and co-hosts" };

/** @param {{store: any, moderation: any, easel: any}} parts */
export function openDrawers({ store, moderation, easel }) {
  const list = h("div", { class: "switches" });
  const mode = choiceField({ label: "Who may draw", options: MODES });
  mode.input.addEventListener("change", () => void moderation.change({ whiteboard_mode: mode.input.value }).then(update));
  const person = ({ id, name, may_draw: mayDraw }) => {
    const one = switchField({ label: name, checked: Boolean(mayDraw), onChange: (on) => void easel.command("participant.let_draw", { participant: id, on }).then(update) });
    return one.element;
  };
  const update = () => {
    const now = store.room.settings.whiteboard_mode ?? "all";
    mode.input.value = now;
    const others = now === "some" ? [...store.participants.values()].filter(({ role }) => role === "participant") : [];
    if (list.contains(document.activeElement)) return; // keeps the focus where it is: the switch says it already
    list.replaceChildren(...(now === "some" && others.length === 0 ? [h("p", { class: "muted", text: "Nobody else is here yet." })] : others.map(person)));
  };
  update();
  const unlisten = ["room", "participants"].map((topic) => store.on(topic, update));
  const { closed } = openDialog({ title: "Who may draw", body: [mode.element, list] });
  void closed.then(() => unlisten.forEach((stop) => stop()));
}
