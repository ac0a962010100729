/** The card to sign in: by password and a second step, by passkey, or by a provider. */
import * as api from "../http/accounts.js";
import { go, refresh } from "../router.js";
import { announce, button, h, notice, whileBusy } from "../ui/dom.js";
import { explain } from "../ui/explain.js";
import { field, form } from "../ui/form.js";
import { passwordField } from "../ui/password.js";
import { factorCard } from "./factor-step.js";
import { askForPasskey, canUsePasskeys } from "./passkeys.js";
import { providerLinks } from "./providers.js";
import { account } from "./session.js";
import { stopSuggesting, suggestPasskeys } from "./suggestions.js";

/** On to where one wanted to go: the address that asked to sign in, or the front page, which knows the way back. */
export function arrived() {
  announce(`Signed in as ${account.user.name}`);
  if (location.pathname === "/") go("/", { replace: true });
  else refresh();
  document.getElementById("main").focus();
}

/** @param {{failed?: string}} [how] `failed`: what went wrong before @returns {HTMLElement} */
export function signInCard({ failed } = {}) {
  const email = field({ label: "E-mail address", type: "email", name: "email", autocomplete: "username webauthn", required: true, maxlength: 254 });
  const password = passwordField({ name: "password", autocomplete: "current-password", required: true });
  const problem = h("div", { hidden: !failed }, failed && notice("bad", failed));
  const proceed = (challenge) => {
    stopSuggesting();
    if (!challenge) return arrived();
    const step = factorCard(challenge, { onDone: arrived, onAgain: () => refresh() });
    card.replaceWith(step);
    step.querySelector("input, .primary").focus();
  };
  const { element } = form({
    fields: [email, password],
    submit: "Sign in",
    onSubmit: async () => {
      problem.hidden = true;
      try {
        proceed(await account.signIn(email.input.value.trim(), password.input.value));
      } catch (error) {
        if (error.code === "forbidden") offerMail(problem, email.input.value.trim());
        throw error;
      }
    },
  });
  const refused = (error) => {
    problem.replaceChildren(notice("bad", explain(error)));
    problem.hidden = false;
  };
  const card = h(
    "section",
    { class: "card stack", "aria-labelledby": "sign-in" },
    h("h2", { id: "sign-in", text: "Sign in" }),
    element,
    problem,
    h("p", {}, h("a", { href: "/forgot", text: "Forgot the password?" })),
    otherWays({ proceed, refused }),
    h("p", {}, "New here? ", h("a", { href: "/#signup", text: "Make an account" })),
  );
  if (canUsePasskeys) void suggestPasskeys(card, { onDone: () => proceed(null), onRefused: refused });
  return card;
}

function otherWays({ proceed, refused }) {
  const ways = h("div", { class: "stack ways" });
  if (canUsePasskeys) ways.append(passkeyButton(proceed, refused));
  void providerLinks((provider) => `Continue with ${provider.title}`).then((links) => ways.append(...links));
  return ways;
}

function passkeyButton(proceed, refused) {
  const made = button({ label: "Sign in with a passkey", icon: "key", class: "wide", onClick: () => void whileBusy(made, () => use().catch(refused)) });
  const use = async () => {
    stopSuggesting();
    const { token, options } = await api.passkeyOptions();
    await account.signInByPasskey(token, await askForPasskey(options));
    proceed(null);
  };
  return made;
}

/** Who has not confirmed the address yet can have the link sent again. */
function offerMail(place, address) {
  const again = button({ label: "Send the link again", onClick: () => void whileBusy(again, send) });
  const send = async () => {
    try {
      await api.resendVerification(address);
      place.replaceChildren(notice("good", "If the address still has to be confirmed, a new link is on its way."));
      announce("A new link is on its way.");
    } catch (error) {
      place.replaceChildren(notice("bad", explain(error)));
    }
  };
  place.replaceChildren(again);
  place.hidden = false;
}
