/** Who is invited to a meeting, and as what. */
import * as api from "../http/meetings.js";
import { ROLES } from "../presence/person-menu.js";
import { actButton, attempt } from "../ui/act.js";
import { h } from "../ui/dom.js";
import { field, form } from "../ui/form.js";
import { pagedList } from "../ui/pages.js";
import { choiceField } from "../ui/switch.js";
import { toast } from "../ui/toast.js";

export function invitees(meeting) {
  const list = pagedList({
    empty: "Nobody yet. Whoever signs in with an invited address comes in with the role that you choose.",
    load: (cursor) => api.listInvitees(meeting.id, cursor),
    render: (one) => entry(meeting, one, () => uninvite(one)),
  });
  const adding = newInvitee(meeting, list);
  const uninvite = async (one) => {
    await api.uninvite(meeting.id, one.id);
    await list.reload();
    adding.firstElementChild.focus(); // what had the focus is gone
    return `${nameOf(one)} is not invited any more.`;
  };
  return h("div", { class: "stack" }, list.element, adding);
}

const nameOf = (one) => one.name || one.email;

function entry(meeting, one, uninvite) {
  const name = nameOf(one);
  const choice = h("select", { class: "input small", "aria-label": `Role of ${name}` }, ...Object.entries(ROLES).map(([value, text]) => h("option", { value, selected: value === one.role, text })));
  let { role } = one;
  const change = async () => {
    ({ role } = await api.changeInvitee(meeting.id, one.id, { role: choice.value }));
    return `${name} comes in as ${ROLES[role].toLowerCase()} from now on.`;
  };
  choice.addEventListener("change", () => void attempt(change).then(() => (choice.value = role)));
  const remove = actButton({ label: `Take back the invitation of ${name}`, icon: "trash", class: "quiet icon-only", act: uninvite });
  return h("div", { class: "entry" }, h("div", { class: "about" }, h("div", { class: "title", text: name }), one.name && h("div", { class: "muted", text: one.email })), choice, remove);
}

function newInvitee(meeting, list) {
  const email = field({ label: "E-mail address", type: "email", name: "invitee", required: true, maxlength: 254, autocomplete: "off" });
  const name = field({ label: "Name, if you like", name: "invitee-name", maxlength: 80, autocomplete: "off" });
  const role = choiceField({ label: "They come in as", name: "role", options: ROLES, value: "participant" });
  const { element } = form({
    fields: [email, name, role],
    submit: "Invite",
    onSubmit: async () => {
      const wish = { email: email.input.value.trim(), role: role.input.value, ...(name.input.value.trim() && { name: name.input.value.trim() }) };
      await api.invite(meeting.id, wish);
      await list.reload();
      element.reset();
      email.input.focus();
      toast(`${wish.name ?? wish.email} is invited. Send the link yourself: no mail goes out.`);
    },
  });
  return h("details", { class: "adding" }, h("summary", { text: "Invite somebody" }), element);
}
