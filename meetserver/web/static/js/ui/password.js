/** A password field: masked, with a button that shows what is typed. Pasting and password managers work. */
import { button, h } from "./dom.js";
import { field } from "./form.js";

export const PASSWORD_MIN_CHARS = 10;
const RULES = `${PASSWORD_MIN_CHARS} characters or more. A few words in a row are good; nothing that many people use, nor your name or address.`;

export function passwordField({ label = "Password", ...attributes }) {
  const made = field({ label, type: "password", autocapitalize: "none", spellcheck: "false", ...attributes });
  const show = button({ label: "Show", class: "quiet reveal", "aria-pressed": "false", "aria-label": "Show what is typed", onClick: () => turn(made.input.type === "password") });
  const turn = (isShown) => {
    made.input.type = isShown ? "text" : "password";
    show.textContent = isShown ? "Hide" : "Show";
    show.setAttribute("aria-label", isShown ? "Hide what is typed" : "Show what is typed");
    show.setAttribute("aria-pressed", String(isShown));
  };
  const box = h("div", { class: "with-button" });
  made.input.replaceWith(box);
  box.append(made.input, show);
  return { ...made, mask: () => turn(false) };
}

/** For a password that is being chosen: the rules are said beforehand. */
export function newPasswordField({ label = "Password", name = "password" } = {}) {
  return passwordField({ label, hint: RULES, name, autocomplete: "new-password", required: true, minlength: PASSWORD_MIN_CHARS, maxlength: 1024 });
}

/** Tells a password manager whose password it is, where the page itself does not ask. */
export function usernameHint(email) {
  return h("input", { type: "text", name: "username", autocomplete: "username", value: email, readonly: true, hidden: true });
}
