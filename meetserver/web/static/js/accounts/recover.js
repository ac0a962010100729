/** A forgotten password, and the page where a new one is set: by a reset's link, or by an invitation's. */
import * as api from "../http/accounts.js";
import { button, h, icon, setTitle, show } from "../ui/dom.js";
import { explain } from "../ui/explain.js";
import { field, form } from "../ui/form.js";
import { newPasswordField } from "../ui/password.js";
import { say } from "./mailed.js";
import { account } from "./session.js";

export function forgotPage() {
  setTitle("Forgot the password");
  const email = field({ label: "E-mail address", type: "email", name: "email", autocomplete: "username", required: true, maxlength: 254, value: account.user?.email });
  const { element } = form({
    fields: [email],
    submit: "Send me a link",
    onSubmit: async () => {
      const address = email.input.value.trim();
      await api.forgot(address);
      say("mail", {
        title: "Check your mail",
        text: `If there is an account for ${address}, a link to set a new password is on its way. It works for an hour. Nothing there? Look into the spam folder, or try another address of yours.`,
        actions: [h("a", { class: "button primary", href: "/#signin", text: "Go to sign in" }), button({ label: "Another address", onClick: forgotPage })],
      });
    },
  });
  card("key", "Forgot the password?", "Tell us your address: we send a link to set a new one.", element, h("p", {}, h("a", { href: "/#signin", text: "Back to sign in" })));
  email.input.focus();
}

export function resetPage(token) {
  choose(token, {
    title: "Set a new password",
    text: "It replaces the old one, and signs you out everywhere.",
    done: "Your new password holds. Sign in with it.",
    gone: "Each link works once, and for an hour. Ask for a new one.",
    instead: h("a", { class: "button primary", href: "/forgot", text: "Send me a new link" }),
  });
}

export function invitePage(token) {
  choose(token, {
    title: "Welcome",
    text: "There is an account for you. Choose a password to begin.",
    done: "Your account is ready. Sign in with your address and the password.",
    gone: "The invitation was used already, or is too old. If you chose a password before, just sign in; otherwise ask whoever invited you to do it again.",
    instead: h("a", { class: "button primary", href: "/#signin", text: "Sign in" }),
  });
}

function choose(token, { title, text, done, gone, instead }) {
  setTitle(title);
  const password = newPasswordField({ label: "New password" });
  const { element } = form({
    fields: [password],
    submit: "Set the password",
    onSubmit: async () => {
      try {
        await api.reset(token, password.input.value);
      } catch (error) {
        if (error.status === 404) return say("warn", { title: "This link holds no more", text: gone, actions: [instead] });
        if (error.code === "bad_message") return wrong(password, error);
        throw error;
      }
      await account.load(); // all sessions ended, of this browser as well
      say("check", { title: "The password is set", text: done, actions: [h("a", { class: "button primary", href: "/#signin", text: "Sign in" })] });
    },
  });
  card("key", title, text, element);
}

/** What is wrong with a password stands under its field. */
export function wrong(password, error) {
  password.fail(explain(error));
  password.input.focus();
}

function card(picture, title, text, ...rest) {
  show(h("div", { class: "page narrow middle" }, h("section", { class: "card stack", "aria-labelledby": "card-title" }, h("div", { class: "big-icon" }, icon(picture)), h("h1", { id: "card-title", text: title }), h("p", { class: "muted", text }), ...rest)));
}
