/** From where people may come in: the list is changed here, tried out, and then saved as a whole. */
import { account } from "../accounts/session.js";
import * as api from "../http/admin.js";
import { actButton } from "../ui/act.js";
import { openDialog } from "../ui/dialog.js";
import { button, h, icon, notice } from "../ui/dom.js";
import { field, form } from "../ui/form.js";
import { loaded } from "../ui/loaded.js";
import { card } from "../ui/sections.js";
import { choiceField } from "../ui/switch.js";
import { mayChange } from "./sections.js";

const ROLES = { "": "Everybody", guest: "Guests", member: "People with an account", auditor: "Auditors", operator: "Operators", admin: "Administrators", host: "Hosts", cohost: "Co-hosts", participant: "Participants", viewer: "Viewers" };
const EFFECTS = { allow: "Allow", deny: "Deny" };
const WHO = { guest: "A guest", member: "Somebody with an account", auditor: "An auditor", operator: "An operator", admin: "An administrator" };

export function ipRulesSection() {
  return h("div", { class: "stack" }, loaded(api.ipRules, ({ answer, etag }, reload) => [rulesCard(answer.rules, etag, reload)]), previewCard());
}

function rulesCard(saved, etag, reload) {
  const mayEdit = mayChange(account.user, "addresses");
  let rules = saved;
  const list = h("ul", { class: "lines" });
  const none = h("p", { text: "There are no rules: people may come from everywhere." });
  const save = actButton({ label: "Save the rules", class: "primary", act: () => store() });
  const undo = button({ label: "Undo the changes", onClick: () => change(saved) });
  const pending = h("div", { class: "stack" }, notice("warn", "These changes are not saved yet."), h("div", { class: "row" }, save, undo));
  const change = (now) => {
    rules = now;
    list.replaceChildren(...rules.map((rule) => h("li", {}, entry(rule, mayEdit && (() => change(rules.filter((other) => other !== rule)))))));
    none.hidden = rules.length > 0;
    pending.hidden = rules === saved;
  };
  const store = async () => {
    await api.replaceIpRules(rules, etag);
    await reload();
    return "The rules hold now.";
  };
  change(saved);
  return card(
    "Rules",
    h("p", { class: "muted", text: "Of the rules that fit an address, the one of the smallest network decides. As soon as one rule allows, everybody whom none allows is kept out." }),
    list,
    none,
    mayEdit && h("div", {}, button({ label: "Add a rule", icon: "plus", onClick: () => addRule((rule) => change([...rules, rule])) })),
    pending,
  );
}

function entry(rule, onRemove) {
  const whom = rule.roles.length > 0 ? rule.roles.map((role) => ROLES[role] ?? role).join(", ") : ROLES[""];
  return h(
    "div",
    { class: "line" },
    h("span", { class: `badge ${rule.effect === "allow" ? "good" : "bad"}` }, icon(rule.effect === "allow" ? "check" : "ban"), EFFECTS[rule.effect]),
    h("div", { class: "about" }, h("h3", {}, h("code", { text: rule.network })), h("p", { class: "muted", text: rule.note ? `${whom} · ${rule.note}` : whom })),
    onRemove && button({ label: `Remove ${rule.network}`, icon: "trash", class: "quiet icon-only", onClick: onRemove }),
  );
}

function addRule(onRule) {
  const effect = choiceField({ label: "What it does", name: "effect", options: EFFECTS, value: "deny" });
  const network = field({ label: "Network or address", hint: "For example 203.0.113.0/24 or 2001:db8::/32.", name: "network", required: true, maxlength: 64, autocomplete: "off", autocapitalize: "none", spellcheck: "false", pattern: "\\s*[0-9a-fA-F.:]+(/[0-9]{1,3})?\\s*", title: "An address, or a network such as 203.0.113.0/24" });
  const role = choiceField({ label: "Whom it concerns", name: "role", options: ROLES });
  const note = field({ label: "Note", hint: "Why it is there. Optional.", name: "note", maxlength: 200, autocomplete: "off" });
  const { element } = form({
    fields: [effect, network, role, note],
    submit: "Add to the list",
    onSubmit: async () => {
      dialog.close();
      onRule({ effect: effect.input.value, network: network.input.value.trim(), roles: role.input.value ? [role.input.value] : [], note: note.input.value.trim() });
    },
  });
  const dialog = openDialog({ title: "Add a rule", body: element });
}

function previewCard() {
  const address = field({ label: "Address", name: "address", required: true, maxlength: 64, autocomplete: "off", autocapitalize: "none", spellcheck: "false", placeholder: "203.0.113.7" });
  const role = choiceField({ label: "Who", name: "who", options: WHO, value: "guest" });
  const answer = h("div", { role: "status" });
  const { element } = form({
    class: "filters",
    fields: [address, role],
    submit: "Try",
    onSubmit: async () => answer.replaceChildren(verdict(await api.previewIpRules({ address: address.input.value.trim(), role: role.input.value }))),
  });
  return card("Would this address get in?", h("p", { class: "muted", text: "By the rules that are saved." }), element, answer);
}

function verdict({ is_admitted: isAdmitted, rule }) {
  if (rule) return notice(isAdmitted ? "good" : "warn", isAdmitted ? "Gets in, by the rule " : "Is kept out, by the rule ", h("code", { text: `${rule.effect} ${rule.network}` }), rule.note ? ` (${rule.note}).` : ".");
  return notice(isAdmitted ? "good" : "warn", isAdmitted ? "Gets in: no rule is about it." : "Is kept out: there are rules that allow, and none of them is about it.");
}
