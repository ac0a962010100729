/** The account's passkeys: add, rename, remove. */
import * as api from "../http/accounts.js";
import { actButton } from "../ui/act.js";
import { confirm } from "../ui/dialog.js";
import { h } from "../ui/dom.js";
import { askText } from "../ui/ask-text.js";
import { card } from "../ui/sections.js";
import { day } from "../ui/time.js";
import { toast } from "../ui/toast.js";
import { canUsePasskeys, makePasskey } from "./passkeys.js";
import { showRecoveryCodes } from "./recovery-codes.js";
import { line } from "./second-step.js";

/** @param {{passkeys: any[]}} found @param {() => Promise<void>} reload */
export function passkeysCard({ passkeys }, reload) {
  const list = h("ul", { class: "lines" }, ...passkeys.map((passkey) => h("li", {}, entry(passkey, reload))));
  return card(
    "Passkeys",
    h("p", { class: "muted", text: "Sign in with your fingerprint, face, device lock or a security key: nothing to remember, and nothing that could be given away." }),
    passkeys.length > 0 ? list : h("p", { text: "There are none yet." }),
    canUsePasskeys ? h("div", {}, actButton({ label: "Add a passkey", icon: "plus", act: () => add(reload) })) : h("p", { class: "muted", text: "This browser, or this address, cannot make any: it takes https and a proper name." }),
  );
}

function entry(passkey, reload) {
  const used = passkey.last_used_at ? `used ${day(passkey.last_used_at)}` : "not used yet";
  return line(
    passkey.name,
    `${passkey.is_synced ? "Synced between devices" : "On one device"} · added ${day(passkey.created_at)} · ${used}`,
    actButton({ label: "Rename", "aria-label": `Rename ${passkey.name}`, class: "quiet", act: () => rename(passkey, reload) }),
    actButton({ label: "Remove", "aria-label": `Remove ${passkey.name}`, class: "quiet", act: () => remove(passkey, reload) }),
  );
}

async function add(reload) {
  const { token, options } = await api.beginPasskey();
  const made = await makePasskey(options);
  const name = (await askText({ title: "Name the passkey", label: "Name", hint: "To tell it from others later.", value: guess(), yes: "Save" })) ?? guess();
  const { recovery_codes: codes } = await api.addPasskey(token, name, made);
  await showRecoveryCodes(codes);
  await reload();
  toast("The passkey is added.");
}

function guess() {
  const known = ["Android", "iPhone", "iPad", "Mac", "Windows", "Linux"];
  const system = known.find((one) => navigator.userAgent.includes(one));
  return system ? `Passkey on ${system}` : "Passkey";
}

async function rename(passkey, reload) {
  const name = await askText({ title: "Rename the passkey", label: "Name", value: passkey.name, yes: "Save" });
  if (!name) return;
  await api.renamePasskey(passkey.id, name);
  await reload();
}

async function remove(passkey, reload) {
  if (!(await confirm({ title: "Remove this passkey?", text: `“${passkey.name}” signs in no more. Delete it from the device as well, so that it is not offered there.`, yes: "Remove", danger: true }))) return undefined;
  await api.removePasskey(passkey.id);
  await reload();
  return "The passkey is removed.";
}
