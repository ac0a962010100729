/** How one signs in: password, second step, passkeys, providers. */
import * as api from "../http/accounts.js";
import { h } from "../ui/dom.js";
import { form } from "../ui/form.js";
import { loaded } from "../ui/loaded.js";
import { newPasswordField, passwordField, usernameHint } from "../ui/password.js";
import { card } from "../ui/sections.js";
import { toast } from "../ui/toast.js";
import { linkedCard } from "./linked.js";
import { passkeysCard } from "./passkey-list.js";
import { wrong } from "./recover.js";
import { secondStepCard } from "./second-step.js";
import { account } from "./session.js";

export function securitySection() {
  // Passkeys are second factors as well: a change of one card is news for the other.
  const factors = loaded(api.factors, (found, reload) => [secondStepCard(found, reload), passkeysCard(found, reload)]);
  return h("div", { class: "stack" }, passwordCard(), factors, loaded(linkedCard.load, linkedCard.render));
}

function passwordCard() {
  const now = passwordField({ label: "Current password", name: "current-password", autocomplete: "current-password", required: true });
  const next = newPasswordField({ label: "New password", name: "new-password" });
  const { element } = form({
    fields: [now, next],
    submit: "Change the password",
    onSubmit: async () => {
      try {
        await api.changePassword(now.input.value, next.input.value);
      } catch (error) {
        if (error.code === "forbidden") return wrong(now, error);
        if (error.code === "bad_message") return wrong(next, error);
        throw error;
      }
      for (const one of [now, next]) (one.mask(), (one.input.value = ""));
      toast("The password is changed. Your other devices are signed out.");
    },
  });
  element.prepend(usernameHint(account.user.email));
  return card("Password", h("p", { class: "muted" }, "Changing it signs out all your other devices. Forgot it? ", h("a", { href: "/forgot", text: "Set one by mail" }), "."), element);
}
