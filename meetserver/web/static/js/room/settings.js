/** The meeting's settings as hosts and co-hosts change them while it goes on, and who was sent out. */
import { chatRules } from "../chat/rules.js";
import { listBans } from "../http/meetings.js";
import { banList } from "../presence/bans.js";
import { openDialog } from "../ui/dialog.js";
import { h } from "../ui/dom.js";
import { switchField } from "../ui/switch.js";

const SWITCHES = {
  lobby: ["Waiting room", "A host or co-host lets people in. Turning it off lets in all who wait."],
  locked: ["Lock the meeting", "Nobody else comes in but hosts and co-hosts."],
  chat: ["Chat", "People may write messages."],
  chat_private: ["Private messages", "People may write to some alone."],
  whiteboard: ["Whiteboard", "People may draw on the board."],
};

/** @param {{meeting: string, store: any, moderation: any}} parts */
export function openSettings({ meeting, store, moderation }) {
  const made = Object.entries(SWITCHES).map(([name, [label, hint]]) => {
    const one = switchField({ label, hint, onChange: (isOn) => void moderation.change({ [name]: isOn }).then((isDone) => isDone || update()) });
    return { name, ...one };
  });
  const rules = chatRules(store.room.settings);
  for (const { name, input, read } of rules) input.addEventListener("change", () => void moderation.change({ [name]: read() }).then((isDone) => isDone || update()));
  const update = () => {
    made.forEach(({ name, input }) => (input.checked = Boolean(store.room.settings[name])));
    rules.forEach((rule) => rule.show(store.room.settings));
  };
  update();
  const unlisten = store.on("room", update);
  const bans = banList({ load: () => listBans(meeting), lift: (ban) => moderation.unban(ban) });
  const sentOut = h("section", { class: "stack", "aria-labelledby": "sent-out" }, h("h3", { id: "sent-out", text: "Sent out" }), bans);
  const { closed } = openDialog({ title: "Meeting settings", body: [h("div", { class: "switches" }, ...made.map((one) => one.element)), ...rules.map((one) => one.element), sentOut] });
  void closed.then(unlisten);
}
