/** Guest links of a meeting: make, copy, take back. */
import * as api from "../http/meetings.js";
import { actButton } from "../ui/act.js";
import { copyLink } from "../ui/clipboard.js";
import { confirm } from "../ui/dialog.js";
import { button, h } from "../ui/dom.js";
import { field, form } from "../ui/form.js";
import { pagedList } from "../ui/pages.js";
import { choiceField, switchField } from "../ui/switch.js";
import { day } from "../ui/time.js";

const ROLES = { participant: "Participant", viewer: "Viewer, without camera and microphone" };
const LIFETIMES = { "": "As long as the meeting", 1: "One day", 7: "One week", 30: "30 days" };
const DAY_MS = 24 * 60 * 60 * 1000;

export function guestLinks(meeting) {
  const list = pagedList({
    empty: "None yet. Whoever has a guest link needs neither passcode nor invitation.",
    load: (cursor) => api.listLinks(meeting.id, cursor),
    render: (link) => entry(link, () => revoke(link)),
  });
  const adding = newLink(meeting, list);
  const revoke = async (link) => {
    const sure = await confirm({ title: "Revoke this link?", text: "It lets nobody in any more. Who is in the meeting stays.", yes: "Revoke", danger: true });
    if (!sure) return "";
    await api.revokeLink(meeting.id, link.id);
    await list.reload();
    adding.firstElementChild.focus(); // what had the focus is gone
    return "The link is revoked.";
  };
  return h("div", { class: "stack" }, list.element, adding);
}

function entry(link, revoke) {
  const name = link.label || "Guest link";
  return h(
    "div",
    { class: "entry" },
    h("div", { class: "about" }, h("div", { class: "title", text: name }), h("div", { class: "muted", text: about(link) })),
    button({ label: "Copy", icon: "copy", class: "small", "aria-label": `Copy ${name}`, onClick: () => void copyLink(here(link.url)) }),
    actButton({ label: `Revoke ${name}`, icon: "trash", class: "quiet icon-only", act: revoke }),
  );
}

/** On the address that this page itself was reached by. */
function here(url) {
  return new URL(new URL(url).pathname, location.href).href;
}

function about({ role, skips_lobby: skipsLobby, uses, max_uses: maxUses, expires_at: expiresAt }) {
  const used = maxUses ? `used ${uses} of ${maxUses} times` : uses === 1 ? "used once" : `used ${uses} times`;
  return [role === "viewer" && "viewer", skipsLobby && "no waiting", used, expiresAt && `until ${day(expiresAt)}`].filter(Boolean).join(" · ");
}

function newLink(meeting, list) {
  const label = field({ label: "For whom", name: "label", maxlength: 80, autocomplete: "off", placeholder: "The customer’s people", hint: "Only for your list." });
  const role = choiceField({ label: "They come in as", name: "role", options: ROLES, value: "participant" });
  const skips = switchField({ label: "Past the waiting room", name: "skips_lobby" });
  const uses = field({ label: "How often", name: "max_uses", type: "number", min: 1, max: 100_000, placeholder: "Any number", hint: "Each joining counts." });
  const life = choiceField({ label: "How long", name: "life", options: LIFETIMES, value: "" });
  const { element } = form({
    fields: [label, role, uses, life, skips],
    submit: "Make link",
    onSubmit: async () => {
      const made = await api.createLink(meeting.id, {
        label: label.input.value.trim(),
        role: role.input.value,
        skips_lobby: skips.input.checked,
        ...(uses.input.value && { max_uses: Number(uses.input.value) }),
        ...(life.input.value && { expires_at: new Date(Date.now() + Number(life.input.value) * DAY_MS).toISOString() }),
      });
      element.reset();
      details.open = false;
      await list.reload();
      await copyLink(here(made.url));
    },
  });
  const details = h("details", { class: "adding" }, h("summary", { text: "New guest link" }), element);
  return details;
}
