/** What a host or co-host can do with somebody who is here. */
import { h, icon } from "../ui/dom.js";
import { openDialog } from "../ui/dialog.js";

export const ROLES = { host: "Host", cohost: "Co-host", participant: "Participant", viewer: "Viewer" };
const OFFERS = {
  host: "Make host",
  cohost: "Make co-host",
  participant: "Make participant",
  viewer: "Make viewer, without microphone and camera",
};

/** @param {any} one @param {{store: any, moderation: any}} parts */
export function openPersonMenu(one, { store, moderation }) {
  if (!one) return;
  const entry = (picture, text, act, classes = "") => h("button", { type: "button", class: classes, on: { click: () => (dialog.close(), act()) } }, icon(picture), text);
  const roles = store.isHost ? Object.keys(ROLES).filter((role) => role !== one.role) : [];
  const pictures = { host: "crown", cohost: "crown", participant: "people", viewer: "screen" };
  const entries = [
    one.audio && entry("mic-off", "Mute", () => void moderation.mute(one, "audio")),
    one.video && entry("camera-off", "Turn camera off", () => void moderation.mute(one, "video")),
    one.screen && entry("screen", "Stop their screen", () => void moderation.mute(one, "screen")),
    ...roles.map((role) => entry(pictures[role], OFFERS[role], () => void moderation.setRole(one, role))),
    moderation.maySendOut(one) && entry("leave", "Remove from the meeting", () => void moderation.remove(one), "danger"),
    moderation.maySendOut(one) && entry("ban", "Ban from the meeting", () => void moderation.ban(one), "danger"),
  ].filter(Boolean);
  const nothing = h("p", { class: "muted", text: "There is nothing that you can do here: only another host can." });
  const dialog = openDialog({ title: one.name, body: entries.length > 0 ? h("div", { class: "menu" }, ...entries) : nothing });
}
