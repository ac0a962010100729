/** Personal access tokens, for programs that act in one's name. */
import * as api from "../http/accounts.js";
import { actButton } from "../ui/act.js";
import { copyText } from "../ui/clipboard.js";
import { confirm, openDialog } from "../ui/dialog.js";
import { button, h, notice } from "../ui/dom.js";
import { loaded } from "../ui/loaded.js";
import { card } from "../ui/sections.js";
import { day } from "../ui/time.js";
import { line } from "./second-step.js";
import { scopeTitle, tokenForm } from "./token-form.js";

export function tokensSection() {
  return loaded(api.tokens, ({ items }, reload) => [
    card(
      "Access tokens",
      h("p", { class: "muted", text: "For programs and scripts that work in your name. Give each no more than it needs, and a token of its own." }),
      items.length > 0 ? h("ul", { class: "lines" }, ...items.map((token) => h("li", {}, entry(token, reload)))) : h("p", { text: "There are none." }),
      h("div", {}, button({ label: "New token", icon: "plus", onClick: () => make(reload) })),
    ),
  ]);
}

function entry(token, reload) {
  const isNew = token.last_used_at === token.created_at;
  const isOver = new Date(token.expires_at) < new Date();
  const text = `${token.scopes.map(scopeTitle).join(", ")} · ${isNew ? "not used yet" : `used ${day(token.last_used_at)}`} · ${isOver ? "ended" : "ends"} ${day(token.expires_at)}`;
  return line(
    token.name,
    text,
    actButton({ label: "Change", "aria-label": `Change ${token.name}`, class: "quiet", act: () => change(token, reload) }),
    actButton({ label: "Revoke", "aria-label": `Revoke ${token.name}`, class: "quiet", act: () => revoke(token, reload) }),
  );
}

function make(reload) {
  const dialog = openDialog({
    title: "New access token",
    body: tokenForm({
      submit: "Make the token",
      onSubmit: async (wish) => {
        const made = await api.createToken(wish);
        dialog.close();
        await showToken(made);
        await reload();
      },
    }),
  });
}

async function showToken({ name, token }) {
  const { closed } = openDialog({
    title: name,
    body: [
      notice("warn", "Copy it now: it is shown only this once."),
      h("input", { class: "input mono", readonly: true, value: token, "aria-label": "The token" }),
      h("div", { class: "row" }, button({ label: "Copy the token", icon: "copy", class: "primary", onClick: () => void copyText(token, "The token is copied.") })),
    ],
    actions: [{ label: "Done", value: true }],
  });
  await closed;
}

async function change(token, reload) {
  const dialog = openDialog({
    title: `Change ${token.name}`,
    body: tokenForm({
      submit: "Save",
      token,
      onSubmit: async (patch) => {
        await api.changeToken(token.id, patch);
        dialog.close();
        await reload();
      },
    }),
  });
}

async function revoke(token, reload) {
  if (!(await confirm({ title: "Revoke this token?", text: `Whatever uses “${token.name}” stops working at once.`, yes: "Revoke", danger: true }))) return undefined;
  await api.revokeToken(token.id);
  await reload();
  return "The token is revoked.";
}
