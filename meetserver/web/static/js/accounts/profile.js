/** Name, time zone, e-mail address, and how much room one's files take. */
import * as api from "../http/accounts.js";
import { sizeText } from "../ui/bytes.js";
import { h, notice } from "../ui/dom.js";
import { field, form } from "../ui/form.js";
import { loaded } from "../ui/loaded.js";
import { card } from "../ui/sections.js";
import { share } from "../ui/share.js";
import { toast } from "../ui/toast.js";
import { account } from "./session.js";

export function profileSection() {
  return h("div", { class: "stack" }, card("About you", loaded(api.readMe, ({ answer, etag }) => [profileForm(answer, etag)])), card("E-mail address", ...emailForm()), card("Files", loaded(api.readUsage, filesUsed)));
}

function filesUsed(usage) {
  const text = `${usage.files.toLocaleString()} ${usage.files === 1 ? "file" : "files"}, ${sizeText(usage.bytes)} of ${sizeText(usage.quota_bytes)}`;
  return [share({ label: "Room for files", text, used: usage.bytes, most: usage.quota_bytes }), h("p", { class: "muted", text: "What you brought to meetings, and what guests brought to yours." })];
}

function profileForm(user, firstEtag) {
  let etag = firstEtag;
  const name = field({ label: "Your name", hint: "This is how others see you.", name: "name", autocomplete: "name", required: true, maxlength: 80, value: user.name });
  const zones = h("datalist", { id: "zones" }, ...Intl.supportedValuesOf("timeZone").map((zone) => h("option", { value: zone })));
  const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const zone = field({ label: "Time zone", hint: `For mails and invitations. This device says ${here}.`, name: "timezone", list: "zones", autocomplete: "off", maxlength: 64, value: user.timezone, placeholder: here });
  const { element } = form({
    fields: [name, zone],
    submit: "Save",
    onSubmit: async () => {
      const patch = { name: name.input.value.trim(), timezone: zone.input.value.trim() || null };
      const saved = await api.updateMe(patch, etag);
      etag = saved.etag;
      account.update(saved.answer);
      toast("Saved.");
    },
  });
  element.append(zones);
  return element;
}

function emailForm() {
  const state = h("div", { role: "status" });
  const email = field({ label: "New e-mail address", type: "email", name: "email", autocomplete: "email", required: true, maxlength: 254 });
  const { element } = form({
    fields: [email],
    submit: "Change the address",
    onSubmit: async () => {
      const address = email.input.value.trim();
      await api.changeEmail(address);
      email.input.value = "";
      state.replaceChildren(notice("info", h("p", { text: `Now open ${links(address)}. Until then nothing changes.` })));
    },
  });
  return [h("p", {}, "Your address is ", h("strong", { text: account.user.email }), account.user.verified ? "." : ", not confirmed yet."), state, element];
}

function links(address) {
  if (!account.user.verified) return `the link in the mail to ${address}`;
  return `the links in both mails: one was sent to ${account.user.email}, one to ${address}`;
}
