/** The page behind the link in the mail. It acts on a press, so that mail scanners do not use the link up. */
import * as api from "../http/api.js";
import { button, h, icon, setTitle, show, whileBusy } from "../ui/dom.js";
import { explain } from "../ui/explain.js";

export function verifyPage(token) {
  setTitle("Confirm your address");
  show(
    page("mail", "Confirm your e-mail address", "One press and your account is ready.", [
      button({ label: "Confirm", class: "primary", onClick: (event) => void whileBusy(event.currentTarget, () => confirm(token)) }),
    ]),
  );
}

async function confirm(token) {
  try {
    await api.verify(token);
    show(page("check", "Your address is confirmed", "You can sign in now.", [h("a", { class: "button primary", href: "/#signin", text: "Sign in" })]));
  } catch (error) {
    const isGone = error.status >= 400 && error.status < 500 && error.status !== 429;
    const text = isGone ? "The link was used already, or is too old. If you confirmed before, just sign in; otherwise sign up again to get a new link." : explain(error);
    const again = button({ label: "Try again", onClick: () => verifyPage(token) });
    show(page("warn", "That did not work", text, [h("a", { class: "button primary", href: "/#signin", text: "Sign in" }), isGone ? h("a", { class: "button", href: "/#signup", text: "Sign up" }) : again]));
  }
  document.querySelector("h1").focus();
}

function page(name, title, text, actions) {
  return h("div", { class: "page centre" }, h("div", { class: `big-icon${name === "warn" ? " bad" : ""}` }, icon(name)), h("h1", { tabindex: "-1", text: title }), h("p", { class: "muted", text }), h("div", { class: "row" }, ...actions));
}
