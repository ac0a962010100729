/** Who is invited to a meeting, and as what. */
import * as api from "../http/meetings.js";
import { ROLES } from "../presence/person-menu.js";
import { h } from "../ui/dom.js";
import { explain } from "../ui/explain.js";
import { field, form } from "../ui/form.js";
import { choiceField } from "../ui/switch.js";
import { toast } from "../ui/toast.js";
import { entryList } from "./entries.js";

export function invitees(meeting) {
  const list = entryList({
    label: "Invited people",
    empty: "Nobody yet. Whoever signs in with an invited address comes in with the role that you choose.",
    load: (cursor) => api.listInvitees(meeting.id, cursor),
    entry: (one) => entry(meeting, one, list),
  });
  return h("div", { class: "stack" }, list.element, newInvitee(meeting, list));
}

function entry(meeting, one, list) {
  const name = one.name || one.email;
  let role = one.role;
  const choice = h("select", { class: "input small", "aria-label": `Role of ${name}` }, ...Object.entries(ROLES).map(([value, text]) => h("option", { value, selected: value === one.role, text })));
  choice.addEventListener("change", async () => {
    try {
      ({ role } = await api.changeInvitee(meeting.id, one.id, { role: choice.value }));
      toast(`${name} comes in as ${ROLES[role].toLowerCase()} from now on.`);
    } catch (error) {
      toast(explain(error), { kind: "bad" });
    }
    choice.value = role;
  });
  const remove = list.remover({ label: `Take back the invitation of ${name}`, act: () => api.uninvite(meeting.id, one.id), done: `${name} is not invited any more.` });
  return { title: name, text: one.name ? one.email : "", actions: [choice, remove] };
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
      list.add(await api.invite(meeting.id, wish));
      element.reset();
      email.input.focus();
      toast(`${wish.name ?? wish.email} is invited. Send the link yourself: no mail goes out.`);
    },
  });
  return h("details", { class: "adding" }, h("summary", { text: "Invite somebody" }), element);
}
