/** What the buttons and keys do, and what they look like for it. */
import { problemText } from "../media/devices.js";
import { copyLink } from "../ui/clipboard.js";
import { openDialog } from "../ui/dialog.js";
import { announce, h } from "../ui/dom.js";
import { explain } from "../ui/explain.js";
import { toast } from "../ui/toast.js";
import { openMore } from "./more.js";
import { openSettings } from "./settings.js";
import { showShortcuts } from "./shortcuts.js";

/** @param {any} room its parts @returns {{tools: Record<string, () => void>, showOn: (toolbar: any) => void}} */
export function makeActions(room) {
  const { local, store, report, panels, stage, session, meeting, moderation } = room;
  const tools = {
    audio: async () => {
      await local.setAudio(!local.isAudioOn);
      announceDevice(local, "audio", local.isAudioOn, "Microphone");
    },
    camera: async () => {
      await local.setCamera(!local.isCameraOn);
      announceDevice(local, "camera", local.isCameraOn, "Camera");
    },
    screen: () => void shareScreen(local),
    hand: () => void report.setHand(!store.me?.hand),
    chat: () => panels.toggle("chat"),
    people: () => panels.toggle("people"),
    files: () => panels.toggle("files"),
    board: () => stage.toggleBoard(),
    help: showShortcuts,
    link: () => void copyLink(new URL(`/m/${encodeURIComponent(meeting)}`, location.href).href),
    more: () => openMore(room, tools),
    lock: () => void moderation.change({ locked: !store.room.settings.locked }),
    settings: () => openSettings(room),
    leave: () => void leave(room),
    end: () => void endForAll(session),
  };
  return { tools, showOn: (toolbar) => keepCurrent(toolbar, room) };
}

function keepCurrent(toolbar, { local, store, panels, stage, bag }) {
  const devices = () => {
    toolbar.set("audio", { isOn: local.isAudioOn, isOff: !local.isAudioOn, icon: local.isAudioOn ? "mic" : "mic-off", label: local.isAudioOn ? "Mute microphone" : "Unmute microphone" });
    toolbar.set("camera", { isOn: local.isCameraOn, isOff: !local.isCameraOn, icon: local.isCameraOn ? "camera" : "camera-off", label: local.isCameraOn ? "Turn camera off" : "Turn camera on" });
    toolbar.set("screen", { isOn: local.isScreenOn, label: local.isScreenOn ? "Stop sharing your screen" : "Share your screen" });
  };
  const people = () => {
    toolbar.set("hand", { isOn: Boolean(store.me?.hand), label: store.me?.hand ? "Lower your hand" : "Raise your hand" });
  };
  const queue = () => {
    const count = store.isModerator ? store.waiting.size : 0;
    toolbar.count("people", count, count > 0 ? `People, ${count} waiting` : "People");
  };
  const open = () => {
    toolbar.set("chat", { isOn: panels.open === "chat", label: "Chat" });
    toolbar.set("people", { isOn: panels.open === "people", label: "People" });
    toolbar.set("files", { isOn: panels.open === "files", label: "Files" });
    queue();
    toolbar.set("board", { isOn: stage.isBoardOpen, label: "Whiteboard (board)" });
  };
  bag.add(local.on("change", devices));
  bag.add(store.on("participants", people));
  bag.add(store.on("waiting", queue));
  panels.onChange = open;
  stage.onChange = open;
  for (const update of [devices, people, open]) update();
}

function announceDevice(local, name, isOn, what) {
  const problem = problemText(local, name);
  if (problem && !isOn && !local.tracks[name]) toast(problem, { kind: "bad" });
  else announce(`${what} ${isOn ? "on" : "off"}`);
}

async function shareScreen(local) {
  try {
    if (local.isScreenOn) local.stopScreen();
    else if (!local.canShareScreen) toast("This browser cannot share a screen. A desktop browser can.");
    else await local.shareScreen();
  } catch {
    toast("The screen could not be shared. Try another window, or look into the system's privacy settings.", { kind: "bad" });
  }
}

async function leave({ session, store, files }) {
  if (!store.isModerator && !files.uploads.isBusy) return session.leave();
  const { closed } = openDialog({
    title: "Leave the meeting?",
    body: files.uploads.isBusy ? h("p", { text: "Files that you add are still on their way. They do not arrive if you leave now." }) : [],
    actions: [
      ...(store.isModerator ? [{ label: "End for everybody", value: "end", class: "danger" }] : []),
      { label: "Leave", value: "leave", class: "primary" },
    ],
  });
  const choice = await closed;
  if (choice === "leave") await session.leave();
  if (choice === "end") await endForAll(session);
  return undefined;
}

async function endForAll(session) {
  try {
    await session.durable("room.end", {});
  } catch (error) {
    if (session.status.state !== "ended") toast(explain(error), { kind: "bad" });
  }
}
