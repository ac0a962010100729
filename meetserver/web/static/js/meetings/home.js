/** My meetings: make one, copy its link, go in, change it, delete it. */
import { account } from "../accounts/session.js";
import { listUnread } from "../http/chat.js";
import * as api from "../http/meetings.js";
import { go, refresh } from "../router.js";
import { copyLink } from "../ui/clipboard.js";
import { confirm } from "../ui/dialog.js";
import { button, h, icon, notice, setTitle, show, whileBusy } from "../ui/dom.js";
import { explain } from "../ui/explain.js";
import { field, form } from "../ui/form.js";
import { moment } from "../ui/time.js";
import { toast } from "../ui/toast.js";
import { doorFields } from "./doors.js";

const MOST_UNREAD = 100;

export function homePage() {
  setTitle("My meetings");
  const list = h("div", { class: "meetings", "aria-live": "polite", "aria-busy": "true" }, h("p", { class: "muted", text: "Loading your meetings…" }));
  show(
    h(
      "div",
      { class: "page stack" },
      h("h1", { text: `Hello, ${account.user.name}` }),
      createCard(),
      h("section", { class: "stack", "aria-labelledby": "mine" }, h("h2", { id: "mine", text: "My meetings" }), list),
    ),
  );
  void load(list);
}

function createCard() {
  const title = field({ label: "What is it about?", name: "title", placeholder: "Weekly planning", required: true, maxlength: 200, autocomplete: "off" });
  const doors = doorFields({}, { isBrief: true });
  const options = h("details", { class: "options" }, h("summary", { text: "Who may come in" }), doors.element);
  const { element } = form({
    class: "create",
    fields: [title, ...doors.fields],
    body: [title.element],
    submit: "New meeting",
    onSubmit: async () => {
      const meeting = await api.createMeeting({ title: title.input.value.trim(), settings: doors.read() });
      toast("The meeting is ready.", { action: { label: "Copy link", onClick: () => void copyLink(joinLink(meeting)) } });
      go(`/m/${encodeURIComponent(meeting.id)}`);
    },
  });
  element.append(options);
  return h("section", { class: "card", "aria-label": "New meeting" }, element);
}

/** The link to send: on the address that this page itself was reached by. */
export function joinLink(meeting) {
  return new URL(`/m/${encodeURIComponent(meeting.id)}`, location.href).href;
}

async function load(list, cursor) {
  try {
    const [{ items, next }, unread] = await Promise.all([api.listMeetings(cursor), unreadOf(cursor)]);
    if (!cursor) list.replaceChildren();
    list.append(...items.map((meeting) => entry(meeting, unread.get(meeting.id))));
    if (next) list.append(moreButton(list, next));
    if (list.children.length === 0) list.append(empty());
  } catch (error) {
    if (error.status === 401) {
      await account.load();
      return refresh();
    }
    list.replaceChildren(notice("bad", explain(error)), button({ label: "Try again", onClick: () => void load(list) }));
  } finally {
    list.removeAttribute("aria-busy");
  }
}

/** @returns {Promise<Map<string, number>>} by meeting; the list is good without it, too */
async function unreadOf(cursor) {
  const { items } = await listUnread(cursor).catch(() => ({ items: [] }));
  return new Map(items.map((one) => [one.meeting, one.unread]));
}

function moreButton(list, next) {
  const more = button({ label: "Show more", onClick: () => void whileBusy(more, () => load(list, next)).then(() => more.remove()) });
  return more;
}

function empty() {
  return h("div", { class: "empty" }, icon("camera"), h("h3", { text: "No meetings yet" }), h("p", { text: "Give the first one a name above; its link is ready at once." }));
}

/** Where the server stops counting there may be more. */
function unreadBadge(count) {
  const shown = count >= MOST_UNREAD ? `${MOST_UNREAD - 1}+` : String(count);
  return h("span", { class: "badge unread", text: `${shown} unread` });
}

function entry(meeting, unread = 0) {
  const remove = button({ label: `Delete ${meeting.title}`, icon: "trash", class: "quiet icon-only", onClick: () => void drop(meeting, made, remove) });
  const made = h(
    "article",
    { class: "meeting", "aria-label": meeting.title },
    h("div", { class: "about" }, h("div", { class: "title", text: meeting.title }), unread > 0 && unreadBadge(unread), h("div", { class: "when", text: [when(meeting), ...doorsOf(meeting.settings)].join(" · ") })),
    h("a", { class: "button primary", href: `/m/${encodeURIComponent(meeting.id)}`, text: "Open" }),
    button({ label: "Copy link", icon: "copy", onClick: () => void copyLink(joinLink(meeting)) }),
    h("a", { class: "button quiet icon-only", href: `/#settings/${encodeURIComponent(meeting.id)}`, "aria-label": `Settings of ${meeting.title}`, title: `Settings of ${meeting.title}` }, icon("settings")),
    remove,
  );
  return made;
}

function when(meeting) {
  const time = meeting.starts_at ?? meeting.created_at;
  if (!time) return "Any time";
  return meeting.starts_at ? moment(time) : `Made ${moment(time)}`;
}

/** What stands at the door, in few words. */
function doorsOf({ passcode, lobby, locked, e2ee, only_signed_in: onlySignedIn, only_invited: onlyInvited }) {
  return [locked && "locked", lobby && "waiting room", passcode && "passcode", onlyInvited ? "invited only" : onlySignedIn && "accounts only", e2ee && "encrypted chat"].filter(Boolean);
}

async function drop(meeting, element, trigger) {
  const sure = await confirm({ title: "Delete this meeting?", text: `“${meeting.title}” goes, and its link stops working. This cannot be undone.`, yes: "Delete", danger: true });
  if (!sure) return;
  try {
    await whileBusy(trigger, () => api.deleteMeeting(meeting.id));
    const list = element.parentElement;
    element.remove();
    if (list && list.children.length === 0) list.append(empty());
    toast("The meeting is deleted.");
  } catch (error) {
    toast(explain(error), { kind: "bad" });
  }
}
