/** The authenticator app and the recovery codes. */
import * as api from "../http/accounts.js";
import { actButton } from "../ui/act.js";
import { copyText } from "../ui/clipboard.js";
import { confirm, openDialog } from "../ui/dialog.js";
import { button, h, icon } from "../ui/dom.js";
import { field, form } from "../ui/form.js";
import { card } from "../ui/sections.js";
import { showRecoveryCodes } from "./recovery-codes.js";

/** @param {{totp: boolean, recovery_codes: number, passkeys: any[]}} found @param {() => Promise<void>} reload */
export function secondStepCard(found, reload) {
  const isOn = found.totp || found.passkeys.length > 0;
  const state = isOn ? "Signing in by password takes a second step." : "Signing in takes the password alone. With a second step a stolen password is not enough.";
  return card(
    "Second step",
    h("p", {}, h("span", { class: `badge ${isOn ? "good" : ""}` }, isOn && icon("check"), isOn ? "On" : "Off"), ` ${state}`),
    appLine(found, reload),
    isOn && codesLine(found, reload),
  );
}

function appLine({ totp }, reload) {
  const act = totp
    ? actButton({ label: "Remove", "aria-label": "Remove the authenticator app", act: () => remove(reload) })
    : actButton({ label: "Set up", "aria-label": "Set up an authenticator app", class: "primary", act: () => setUp(reload) });
  return line("Authenticator app", totp ? "Its codes are asked for when you sign in." : "An app on your phone that shows six digits, a new code every half minute.", act);
}

function codesLine({ recovery_codes: left }, reload) {
  const text = left === 1 ? "One is left." : `${left} are left.`;
  return line("Recovery codes", left <= 3 ? `${text} Make new ones soon.` : text, actButton({ label: "Make new ones", "aria-label": "Make new recovery codes", act: () => renew(reload) }));
}

export function line(title, text, ...actions) {
  return h("div", { class: "line" }, h("div", { class: "about" }, h("h3", { text: title }), h("p", { class: "muted", text })), ...actions);
}

async function setUp(reload) {
  const { secret, qr } = await api.beginTotp();
  const code = field({ label: "Code from the app", hint: "Six digits, to see that it works.", name: "totp", autocomplete: "one-time-code", inputmode: "numeric", pattern: "\\s*([0-9]\\s*){6}", title: "Six digits", maxlength: 12, required: true });
  code.input.classList.add("code");
  const { element } = form({
    fields: [code],
    submit: "Switch it on",
    onSubmit: async () => {
      const { recovery_codes: codes } = await api.confirmTotp(code.input.value.replace(/\s/g, ""));
      dialog.close();
      await showRecoveryCodes(codes);
      await reload();
    },
  });
  const key = secret.match(/.{1,4}/g).join(" ");
  const dialog = openDialog({
    title: "Set up an authenticator app",
    body: [
      h("p", { text: "Scan this picture with the app. On this very phone, copy the key into the app instead." }),
      h("img", { class: "qr", src: qr, alt: "QR code with the key that stands below" }),
      h("div", { class: "row key-row" }, h("code", { class: "key", text: key }), button({ label: "Copy the key", icon: "copy", class: "quiet icon-only", onClick: () => void copyText(secret, "The key is copied.") })),
      element,
    ],
  });
  code.input.focus();
}

async function remove(reload) {
  if (!(await confirm({ title: "Remove the authenticator app?", text: "Its codes are no longer asked for. Without another second step a stolen password is enough to sign in as you.", yes: "Remove", danger: true }))) return undefined;
  await api.removeTotp();
  await reload();
  return "The authenticator app is removed.";
}

async function renew(reload) {
  if (!(await confirm({ title: "Make new recovery codes?", text: "The old ones will hold no more.", yes: "Make new ones" }))) return;
  const { recovery_codes: codes } = await api.renewRecoveryCodes();
  await showRecoveryCodes(codes);
  await reload();
}
