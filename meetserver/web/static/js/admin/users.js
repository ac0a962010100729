/** Accounts: find, invite, give roles, disable. */
import { account } from "../accounts/session.js";
import * as api from "../http/admin.js";
import { actButton } from "../ui/act.js";
import { confirm, openDialog } from "../ui/dialog.js";
import { button, h } from "../ui/dom.js";
import { explain } from "../ui/explain.js";
import { field, form } from "../ui/form.js";
import { pagedList } from "../ui/pages.js";
import { card } from "../ui/sections.js";
import { choiceField, switchField } from "../ui/switch.js";
import { day } from "../ui/time.js";
import { toast } from "../ui/toast.js";
import { mayChange } from "./sections.js";

const ROLES = {
  auditor: "Reads users, rules and the security log, and changes nothing.",
  operator: "Keeps the rules about addresses.",
  admin: "May do everything, also in meetings of others.",
};
const PAUSE_MS = 300;

export function usersSection() {
  const search = field({ label: "Search", type: "search", name: "q", placeholder: "Name or address", autocomplete: "off", maxlength: 200 });
  const role = choiceField({ label: "Role", name: "role", options: { "": "Any", auditor: "Auditor", operator: "Operator", admin: "Administrator" } });
  const list = pagedList({ load: (cursor) => api.users({ q: search.input.value.trim(), role: role.input.value, cursor }), render: entry, empty: "Nobody fits." });
  let pause;
  search.input.addEventListener("input", () => {
    clearTimeout(pause);
    pause = setTimeout(list.reload, PAUSE_MS);
  });
  role.input.addEventListener("change", list.reload);
  return card(
    "Accounts",
    h("div", { class: "filters" }, search.element, role.element),
    mayChange(account.user, "") && h("div", {}, button({ label: "Invite somebody", icon: "plus", onClick: () => invite(list.reload) })),
    list.element,
  );
}

function entry(user) {
  const made = h("div", { class: "line" });
  const update = (now) => {
    const granted = now.roles.filter((role) => role !== "member");
    made.replaceChildren(
      h(
        "div",
        { class: "about" },
        h("h3", {}, now.name, ...granted.map((role) => h("span", { class: "badge", text: role })), now.disabled && h("span", { class: "badge bad", text: "disabled" })),
        h("p", { class: "muted", text: `${now.email}${now.verified ? "" : " · address not confirmed"} · since ${day(now.created_at)}` }),
      ),
      ...[mayChange(account.user, "") && button({ label: "Manage", "aria-label": `Manage ${now.name}`, onClick: () => manage(now, update) })].filter(Boolean),
    );
  };
  update(user);
  return made;
}

function invite(reload) {
  const email = field({ label: "E-mail address", type: "email", name: "email", autocomplete: "off", required: true, maxlength: 254 });
  const name = field({ label: "Name", name: "name", autocomplete: "off", required: true, maxlength: 80 });
  const { element } = form({
    fields: [email, name],
    submit: "Send the invitation",
    onSubmit: async () => {
      const address = email.input.value.trim();
      await api.inviteUser(address, name.input.value.trim());
      dialog.close();
      toast(`An invitation is on its way to ${address}.`);
      await reload();
    },
  });
  const dialog = openDialog({ title: "Invite somebody", body: [h("p", { class: "muted", text: "A mail brings the link to choose a password." }), element] });
  email.input.focus();
}

function manage(user, update) {
  const isSelf = user.id === account.user.id;
  const roles = Object.entries(ROLES).map(([role, hint]) => roleSwitch(user, role, hint, update));
  const disable = actButton({ label: user.disabled ? "Enable the account" : "Disable the account…", class: user.disabled ? "" : "danger", act: () => setDisabled(user, dialog, update) });
  const signOut = actButton({ label: "Sign out everywhere", act: async () => (await api.endSessions(user.id), `${user.name} is signed out everywhere.`) });
  const dialog = openDialog({
    title: user.name,
    body: [h("p", { class: "muted", text: user.email }), h("fieldset", { class: "checks" }, h("legend", { text: "Roles" }), ...roles.map((one) => one.element)), h("div", { class: "row" }, signOut, !isSelf && disable)],
  });
}

function roleSwitch(user, role, hint, update) {
  const made = switchField({ label: role[0].toUpperCase() + role.slice(1), hint, checked: user.roles.includes(role), onChange: (isOn) => void turn(isOn) });
  const turn = async (isOn) => {
    made.input.disabled = true;
    try {
      const now = await (isOn ? api.grantRole : api.takeRole)(user.id, role);
      update(now);
      toast(isOn ? `${user.name} is ${role} now.` : `${user.name} is ${role} no more, and is signed out.`);
    } catch (error) {
      made.input.checked = !isOn;
      toast(explain(error), { kind: "bad" });
    } finally {
      made.input.disabled = false;
      made.input.focus();
    }
  };
  return made;
}

async function setDisabled(user, dialog, update) {
  const isSure = user.disabled || (await confirm({ title: `Disable ${user.name}?`, text: "They are signed out everywhere at once, and cannot sign in until you enable the account again.", yes: "Disable", danger: true }));
  if (!isSure) return undefined;
  update(await api.updateUser(user.id, { disabled: !user.disabled }));
  dialog.close();
  return user.disabled ? `${user.name} may sign in again.` : `${user.name} is disabled.`;
}
