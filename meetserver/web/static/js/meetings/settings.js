/** All about one meeting, for its hosts and co-hosts: title and doors, files, guest links, invited people, who was sent out. */
import { Archive } from "../chat/archive.js";
import { savingButtons } from "../chat/saving.js";
import { searchFields } from "../chat/search.js";
import { accessOutside } from "../files/access.js";
import { Files } from "../files/files.js";
import { takeDrops } from "../files/hands.js";
import * as api from "../http/meetings.js";
import { banList } from "../presence/bans.js";
import { copyLink } from "../ui/clipboard.js";
import { button, h, icon, notice, setTitle, show } from "../ui/dom.js";
import { explain } from "../ui/explain.js";
import { field, form } from "../ui/form.js";
import { toast } from "../ui/toast.js";
import { doorFields } from "./doors.js";
import { guestLinks } from "./guest-links.js";
import { joinLink } from "./home.js";
import { invitees } from "./invitees.js";

/** @param {string} id of the meeting */
export async function settingsPage(id) {
  setTitle("Settings");
  const page = h("div", { class: "page stack" }, h("p", { role: "status", class: "muted", text: "Loading the meeting’s settings…" }));
  show(page);
  try {
    fill(page, await api.readMeeting(id));
  } catch (error) {
    page.replaceChildren(backLink(), notice("bad", explain(error)), button({ label: "Try again", onClick: () => void settingsPage(id) }));
  }
}

function fill(page, meeting) {
  setTitle(`Settings of ${meeting.title}`);
  const heading = h("h1", { tabindex: "-1", text: meeting.title });
  const bans = banList({ load: () => api.listBans(meeting.id), lift: (ban) => api.liftBan(meeting.id, ban) });
  page.replaceChildren(
    backLink(),
    h("div", { class: "settings-head" }, heading, h("a", { class: "button primary", href: `/m/${encodeURIComponent(meeting.id)}`, text: "Open" }), button({ label: "Copy link", icon: "copy", onClick: () => void copyLink(joinLink(meeting)) })),
    h("div", { class: "settings" }, h("div", { class: "stack" }, doorsCard(meeting), card("Sent out", bans)), h("div", { class: "stack" }, filesCard(meeting), chatCard(meeting), card("Guest links", guestLinks(meeting)), card("Invited people", invitees(meeting)))),
  );
  heading.focus();
}

function backLink() {
  return h("a", { class: "back", href: "/" }, icon("undo"), "My meetings");
}

function card(title, ...content) {
  const id = `card-${title.toLowerCase().replaceAll(" ", "-")}`;
  return h("section", { class: "card stack", "aria-labelledby": id }, h("h2", { id, text: title }), ...content);
}

function chatCard(meeting) {
  if (meeting.settings.e2ee) return card("Chat", h("p", { class: "muted", text: "It is encrypted: what was said can be read, and saved, only in the meeting itself." }));
  const archive = new Archive(accessOutside(meeting.id));
  const save = h("div", { class: "stack" }, h("h3", { text: "Save the chat" }), savingButtons({ file: (format) => archive.file(format), title: () => meeting.title }));
  const hint = meeting.settings.chat_search ? undefined : "Its settings say that it is not searched.";
  return card("Chat", ...searchFields({ hint, search: (...what) => archive.search(...what) }), save);
}

function filesCard(meeting) {
  const files = new Files(accessOutside(meeting.id));
  const made = card("Files", files.element);
  takeDrops(made, (found) => files.add(found), () => files.mayAdd);
  files.opened();
  return made;
}

function doorsCard(meeting) {
  const title = field({ label: "Title", name: "title", required: true, maxlength: 200, autocomplete: "off", value: meeting.title });
  const doors = doorFields(meeting.settings);
  let version = meeting.version;
  const { element } = form({
    fields: [title, ...doors.fields],
    body: [title.element, doors.element],
    submit: "Save",
    onSubmit: async () => {
      try {
        ({ version } = await api.updateMeeting(meeting.id, { title: title.input.value.trim(), settings: doors.read() }, version));
        toast("Saved. Whoever is in the meeting sees it at once.");
      } catch (error) {
        if (error.status !== 412) throw error;
        throw Object.assign(error, { detail: "Somebody else changed this meeting meanwhile. Load the page again, then make your change." });
      }
    },
  });
  return card("Settings", element);
}
