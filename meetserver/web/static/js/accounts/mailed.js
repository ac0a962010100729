/** The pages behind links in mails. They act on a press, so that mail scanners do not use a link up. */
import * as api from "../http/accounts.js";
import { button, h, icon, setTitle, show, whileBusy } from "../ui/dom.js";
import { explain } from "../ui/explain.js";
import { account } from "./session.js";

export function verifyPage(token) {
  ask({
    title: "Confirm your e-mail address",
    text: "One press and your account is ready.",
    act: async () => {
      await api.verify(token);
      return { title: "Your address is confirmed", text: account.user ? "All is set." : "You can sign in now." };
    },
    gone: "The link was used already, or is too old. If you confirmed before, just sign in; otherwise sign up again to get a new link.",
    instead: { href: "/#signup", text: "Sign up" },
  });
}

export function emailPage(token) {
  ask({
    title: "Confirm the change of address",
    text: "The address changes when the links in both mails were opened: the one to the old address, and the one to the new.",
    act: async () => {
      const { state } = await api.confirmEmail(token);
      await account.load();
      if (state === "waiting") return { title: "Halfway there", text: "Now open the link in the other mail: it was sent to the other of the two addresses." };
      return { title: "Your address is changed", text: "From now on, sign in with the new one." };
    },
    gone: "The link was used already, or is too old. If the address is not changed, ask for the change again in your account.",
    instead: { href: "/account/security", text: "To my account" },
  });
}

function ask({ title, text, act, gone, instead }) {
  const press = button({ label: "Confirm", class: "primary", onClick: () => void whileBusy(press, confirm) });
  const confirm = async () => {
    try {
      say("check", { ...(await act()), actions: [onward()] });
    } catch (error) {
      const isGone = error.status >= 400 && error.status < 500 && error.status !== 429;
      const other = isGone ? h("a", { class: "button", ...instead }) : button({ label: "Try again", onClick: () => ask({ title, text, act, gone, instead }) });
      say("warn", { title: "That did not work", text: isGone ? gone : explain(error), actions: [onward(), other] });
    }
  };
  say("mail", { title, text, actions: [press] });
}

const onward = () => (account.user ? h("a", { class: "button primary", href: "/", text: "To my meetings" }) : h("a", { class: "button primary", href: "/#signin", text: "Sign in" }));

/** A page of one message. */
export function say(picture, { title, text, actions }) {
  setTitle(title);
  const heading = h("h1", { tabindex: "-1", text: title });
  show(h("div", { class: "page centre" }, h("div", { class: `big-icon${picture === "warn" ? " bad" : ""}` }, icon(picture)), heading, h("p", { class: "muted", text }), h("div", { class: "row" }, ...actions)));
  heading.focus();
}
