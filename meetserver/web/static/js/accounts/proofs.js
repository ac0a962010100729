/** Ways to show who one is, one at a time, with a way over to the others: at sign-in and when asked again. */
import { button, h, icon, notice, whileBusy } from "../ui/dom.js";
import { explain } from "../ui/explain.js";
import { field, form } from "../ui/form.js";
import { passwordField, usernameHint } from "../ui/password.js";
import { askForPasskey } from "./passkeys.js";

const LABELS = {
  password: "Use the password",
  totp: "Use the authenticator app",
  passkey: "Use a passkey",
  recovery_code: "Use a recovery code",
};

/**
 * @param {{ways: string[], submit: string, email?: string, passkey: () => Promise<{options: any, token: string}>, onProof: (proof: any) => Promise<void>}} how
 *   `ways` in the order in which they are offered; `onProof` gets what the API takes, and throws where it was wrong
 * @returns {HTMLElement}
 */
export function proofs({ ways, ...how }) {
  const place = h("div", { class: "stack" });
  const turn = (way, isAsked) => {
    const others = ways.filter((other) => other !== way);
    place.replaceChildren(FORMS[way](how));
    if (others.length > 0) place.append(h("div", { class: "others" }, ...others.map((other) => button({ label: LABELS[other], class: "quiet", onClick: () => turn(other, true) }))));
    if (isAsked) focusFirst(place);
  };
  turn(ways[0], false);
  return place;
}

export function focusFirst(place) {
  place.querySelector("input:not([hidden]), button")?.focus();
}

const FORMS = {
  password: ({ submit, email, onProof }) => {
    const password = passwordField({ label: "Password", name: "password", autocomplete: "current-password", required: true });
    const { element } = form({ fields: [password], submit, onSubmit: () => onProof({ password: password.input.value }) });
    element.prepend(usernameHint(email));
    return element;
  },
  totp: (how) =>
    codeForm(how, {
      field: { label: "Code from the authenticator app", hint: "Six digits. They change every half minute.", name: "totp", autocomplete: "one-time-code", inputmode: "numeric", pattern: "\\s*([0-9]\\s*){6}", title: "Six digits", maxlength: 12 },
      proof: (code) => ({ totp: code }),
    }),
  recovery_code: (how) =>
    codeForm(how, {
      field: { label: "Recovery code", hint: "One of those that you kept. Each works once.", name: "recovery", autocomplete: "off", autocapitalize: "none", spellcheck: "false", maxlength: 100 },
      proof: (code) => ({ recovery_code: code }),
    }),
  passkey: ({ passkey, onProof }) => {
    const problem = h("div", { hidden: true });
    const use = async () => {
      problem.hidden = true;
      try {
        const { options, token } = await passkey();
        await onProof({ passkey: await askForPasskey(options), token });
      } catch (error) {
        problem.replaceChildren(notice("bad", explain(error)));
        problem.hidden = false;
      }
    };
    const press = button({ label: "Use a passkey", icon: "key", class: "primary", onClick: () => void whileBusy(press, use) });
    return h("div", { class: "stack" }, h("p", { class: "muted" }, "Your browser asks for the device’s lock, or for your security key."), problem, press);
  },
};

function codeForm({ submit, onProof }, { field: attributes, proof }) {
  const code = field({ required: true, ...attributes });
  code.input.classList.add("code");
  const { element } = form({
    fields: [code],
    submit,
    onSubmit: async () => {
      try {
        await onProof(proof(code.input.value.replace(/\s/g, "")));
      } catch (error) {
        code.input.select();
        throw error;
      }
    },
  });
  return element;
}

export const lockIcon = () => h("div", { class: "big-icon" }, icon("lock"));
