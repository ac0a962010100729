/** The card to sign up, and "check your mail". */
import * as api from "../http/accounts.js";
import { go } from "../router.js";
import { button, h, icon, whileBusy } from "../ui/dom.js";
import { explain } from "../ui/explain.js";
import { field, form } from "../ui/form.js";
import { newPasswordField } from "../ui/password.js";
import { toast } from "../ui/toast.js";

export function signUpCard() {
  const name = field({ label: "Your name", hint: "This is how others see you.", name: "name", autocomplete: "name", required: true, maxlength: 80 });
  const email = field({ label: "E-mail address", type: "email", name: "email", autocomplete: "username", required: true, maxlength: 254 });
  const password = newPasswordField();
  const card = h("section", { class: "card stack", "aria-labelledby": "sign-up" });
  const { element } = form({
    fields: [name, email, password],
    submit: "Make an account",
    onSubmit: async () => {
      const address = email.input.value.trim();
      const { verification } = await api.register(address, password.input.value, name.input.value.trim());
      const done = verification === "required" ? checkMail(address) : ready();
      card.replaceWith(done);
      done.querySelector("h2").focus();
    },
  });
  card.append(h("h2", { id: "sign-up", text: "Make an account" }), element, h("p", {}, "Have one already? ", h("a", { href: "/#signin", text: "Sign in" })));
  return card;
}

function checkMail(address) {
  const again = button({ label: "Send it again", onClick: () => void whileBusy(again, () => resend(address)) });
  return done(
    "mail",
    "Check your mail",
    h("p", {}, "We sent a link to ", h("strong", { text: address }), ". Open it to confirm the address, then sign in."),
    h("p", { class: "muted", text: "Nothing there? Look into the spam folder. On a server without mail, the message is a file in its data folder, under mail." }),
    again,
  );
}

function ready() {
  return done("check", "Your account is ready", h("p", { text: "Sign in with the address and the password that you just gave." }));
}

function done(picture, title, ...rest) {
  return h(
    "section",
    { class: "card stack", "aria-labelledby": "signed-up" },
    h("div", { class: "big-icon" }, icon(picture)),
    h("h2", { id: "signed-up", tabindex: "-1", text: title }),
    ...rest,
    button({ label: "Go to sign in", class: "primary", onClick: () => go("/#signin") }),
  );
}

async function resend(address) {
  try {
    await api.resendVerification(address);
    toast("If the address still has to be confirmed, a new link is on its way.");
  } catch (error) {
    toast(explain(error), { kind: "bad" });
  }
}
