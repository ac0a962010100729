/** The rarer things: devices, link, theme, keys; on a phone also what the bar has no room for. */
import { openDialog } from "../ui/dialog.js";
import { h, icon } from "../ui/dom.js";
import { currentTheme, toggleTheme } from "../ui/theme.js";
import { deviceChoices } from "../media/choices.js";

export function openMore({ local, store }, tools) {
  const entry = (picture, text, act, { classes = "", state = "" } = {}) =>
    h("button", { type: "button", class: classes, on: { click: () => (dialog.close(), act()) } }, icon(picture), text, state && h("span", { class: "state", text: state }));
  const isDark = currentTheme() === "dark";
  const menu = h(
    "div",
    { class: "menu" },
    entry("hand", store.me?.hand ? "Lower your hand" : "Raise your hand", tools.hand, { classes: "narrow-only" }),
    entry("people", "People", tools.people, { classes: "narrow-only", state: peopleState(store) }),
    entry("files", "Files", tools.files, { classes: "narrow-only" }),
    local.canShareScreen && entry("screen", local.isScreenOn ? "Stop sharing your screen" : "Share your screen", tools.screen, { classes: "narrow-only" }),
    entry("copy", "Copy the meeting’s link", tools.link),
    entry("mic", "Microphone and camera", () => void openDevices(local)),
    entry(isDark ? "sun" : "moon", isDark ? "Use the light theme" : "Use the dark theme", toggleTheme),
    entry("keyboard", "Keyboard shortcuts", tools.help, { classes: "wide-only" }),
    store.isModerator && entry(store.room.settings.locked ? "unlock" : "lock", store.room.settings.locked ? "Unlock the meeting" : "Lock the meeting", tools.lock),
    store.isModerator && entry("settings", "Meeting settings", tools.settings),
    store.isModerator && entry("leave", "End for everybody", tools.end, { classes: "danger" }),
  );
  const dialog = openDialog({ title: "More", body: menu });
}

function peopleState({ participants, waiting, isModerator }) {
  return isModerator && waiting.size > 0 ? `${participants.size}, ${waiting.size} waiting` : String(participants.size);
}

async function openDevices(local) {
  openDialog({ title: "Microphone and camera", body: await deviceChoices(local) });
}
