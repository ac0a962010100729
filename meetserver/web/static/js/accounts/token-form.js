/** What a personal access token may do, and for how long. */
import { mayAdminister } from "../admin/sections.js";
import { h } from "../ui/dom.js";
import { field, form } from "../ui/form.js";
import { choiceField } from "../ui/switch.js";
import { account } from "./session.js";

const SCOPES = {
  "profile:read": ["Read your profile"],
  "profile:write": ["Change your profile"],
  "meetings:read": ["Read your meetings"],
  "meetings:write": ["Make and change meetings"],
  "rooms:join": ["Join meetings"],
  "history:read": ["Read what was said in meetings"],
  "admin:read": ["Read users, rules and the security log", true],
  "admin:write": ["Administer users and rules", true],
};
const LIVES = { 7: "A week", 30: "30 days", 90: "90 days", 364: "A year" };
const DAY_MS = 86_400_000;

export const scopeTitle = (scope) => SCOPES[scope]?.[0] ?? scope;

/** @param {{submit: string, token?: any, onSubmit: (wish: any) => Promise<void>}} how `token`: the one that is changed; its end stays */
export function tokenForm({ submit, token, onSubmit }) {
  const name = field({ label: "Name", hint: "What is it for?", name: "token-name", required: true, maxlength: 80, autocomplete: "off", value: token?.name });
  const life = token ? null : choiceField({ label: "It ends after", options: LIVES, value: "90", name: "life" });
  const scopes = scopesField(token?.scopes ?? []);
  const { element } = form({
    fields: [name, life, scopes].filter(Boolean),
    submit,
    onSubmit: () => onSubmit({ name: name.input.value.trim(), scopes: scopes.chosen(), ...(life && { expires_at: new Date(Date.now() + Number(life.input.value) * DAY_MS).toISOString() }) }),
  });
  return element;
}

function scopesField(chosen) {
  const offered = Object.keys(SCOPES).filter((scope) => chosen.includes(scope) || !SCOPES[scope][1] || mayAdminister(account.user));
  const boxes = offered.map((scope) => h("input", { type: "checkbox", value: scope, checked: chosen.includes(scope) }));
  const first = boxes[0];
  const check = () => first.setCustomValidity(boxes.some((box) => box.checked) ? "" : "Choose one or more.");
  const error = h("div", { class: "error", hidden: true, id: "scopes-error", role: "alert" });
  const element = h("fieldset", { class: "checks", "aria-describedby": "scopes-error", on: { change: () => (check(), fail("")) } }, h("legend", { text: "It may" }), ...boxes.map((box) => h("label", { class: "check" }, box, scopeTitle(box.value))), error);
  const fail = (text) => {
    error.textContent = text;
    error.hidden = !text;
  };
  check();
  return { element, input: first, fail, chosen: () => boxes.filter((box) => box.checked).map((box) => box.value) };
}
