/** The second step of signing in. */
import { button, h } from "../ui/dom.js";
import { explain } from "../ui/explain.js";
import { canUsePasskeys } from "./passkeys.js";
import { lockIcon, proofs } from "./proofs.js";
import { account } from "./session.js";

const ORDER = ["passkey", "totp", "recovery_code"];

/** @param {any} challenge of the API @param {{onDone: () => void, onAgain: () => void}} how @returns {HTMLElement} */
export function factorCard(challenge, { onDone, onAgain }) {
  const ways = ORDER.filter((way) => challenge.methods.includes(way) && (way !== "passkey" || canUsePasskeys));
  const body = proofs({
    ways,
    submit: "Continue",
    passkey: async () => ({ options: challenge.passkey, token: challenge.token }),
    onProof: async (proof) => {
      await account.answerFactor({ ...proof, token: challenge.token });
      onDone();
    },
  });
  return h(
    "section",
    { class: "card stack", "aria-labelledby": "second-step" },
    lockIcon(),
    h("h2", { id: "second-step", tabindex: "-1", text: "One more step" }),
    h("p", { text: "Show that it is really you. This account asks for more than a password." }),
    body,
    h("div", { class: "others" }, button({ label: "Sign in as somebody else", class: "quiet", onClick: onAgain })),
  );
}

/** What an OpenID Connect sign-in left behind the # of the address. @returns {{challenge: any, next: string}|null} */
export function challengeIn(hash) {
  const given = new URLSearchParams(hash);
  try {
    const bytes = Uint8Array.from(atob(given.get("factor").replaceAll("-", "+").replaceAll("_", "/")), (char) => char.charCodeAt(0));
    return { challenge: JSON.parse(new TextDecoder().decode(bytes)), next: ownPath(given.get("next") ?? "/") };
  } catch {
    return null;
  }
}

/** A path of this site, whatever somebody wrote into a link. */
function ownPath(path) {
  const url = new URL(path, location.origin);
  return url.origin === location.origin ? url.pathname + url.search + url.hash : "/";
}

const FAILED = {
  unauthenticated: "That sign-in was not begun here, or took too long. Try again.",
  forbidden: "The provider’s account cannot be used here: it has no confirmed address, or nobody here knows it. Sign in another way, or ask whoever runs this server.",
};

/** Why a sign-in by a provider failed, from the address. */
export function whyFailed(code) {
  return FAILED[code] ?? explain({ code });
}
