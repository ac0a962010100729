/** Sign in, sign up, and "check your mail". */
import * as api from "../http/api.js";
import { go } from "../router.js";
import { button, h, icon } from "../ui/dom.js";
import { field, form } from "../ui/form.js";
import { account } from "./session.js";

const PASSWORD_MIN_CHARS = 10;

export function signInCard() {
  const email = field({ label: "E-mail address", type: "email", name: "email", autocomplete: "username", required: true, maxlength: 254 });
  const password = field({ label: "Password", type: "password", name: "password", autocomplete: "current-password", required: true });
  const { element } = form({
    fields: [email, password],
    submit: "Sign in",
    onSubmit: async () => {
      await account.signIn(email.input.value.trim(), password.input.value);
      go("/", { replace: true });
    },
  });
  return h(
    "section",
    { class: "card stack", "aria-labelledby": "sign-in" },
    h("h2", { id: "sign-in", text: "Sign in" }),
    element,
    h("p", {}, "New here? ", h("a", { href: "/#signup", text: "Make an account" })),
  );
}

export function signUpCard() {
  const name = field({ label: "Your name", hint: "This is how others see you.", name: "name", autocomplete: "name", required: true, maxlength: 80 });
  const email = field({ label: "E-mail address", type: "email", name: "email", autocomplete: "username", required: true, maxlength: 254 });
  const password = field({ label: "Password", hint: `${PASSWORD_MIN_CHARS} characters or more.`, type: "password", name: "password", autocomplete: "new-password", required: true, minlength: PASSWORD_MIN_CHARS, maxlength: 1024 });
  const card = h("section", { class: "card stack", "aria-labelledby": "sign-up" });
  const { element } = form({
    fields: [name, email, password],
    submit: "Make an account",
    onSubmit: async () => {
      await api.register(email.input.value.trim(), password.input.value, name.input.value.trim());
      const done = checkMail(email.input.value.trim());
      card.replaceWith(done);
      done.querySelector("h2").focus();
    },
  });
  card.append(h("h2", { id: "sign-up", text: "Make an account" }), element, h("p", {}, "Have one already? ", h("a", { href: "/#signin", text: "Sign in" })));
  return card;
}

function checkMail(address) {
  return h(
    "section",
    { class: "card stack", "aria-labelledby": "check-mail" },
    h("div", { class: "big-icon" }, icon("mail")),
    h("h2", { id: "check-mail", tabindex: "-1", text: "Check your mail" }),
    h("p", {}, "We sent a link to ", h("strong", { text: address }), ". Open it to confirm the address, then sign in."),
    h("p", { class: "muted", text: "Nothing there? Look into the spam folder. On a server without mail, the message is a file in its data folder, under mail." }),
    button({ label: "Go to sign in", class: "primary", onClick: () => go("/#signin") }),
  );
}
