/** "Confirm that it is you": what the server wants to know again before it changes how somebody signs in. */
import * as api from "../http/accounts.js";
import { whenAsked } from "../http/api.js";
import { openDialog } from "../ui/dialog.js";
import { h } from "../ui/dom.js";
import { canUsePasskeys } from "./passkeys.js";
import { focusFirst, proofs } from "./proofs.js";
import { providerLinks } from "./providers.js";
import { account } from "./session.js";

let asking = null;

/** Several calls at once are one question. @returns {Promise<boolean>} whether it is you */
export function confirmIdentity() {
  asking ??= ask().finally(() => (asking = null));
  return asking;
}

export function askWhenNeeded() {
  whenAsked({ confirm: confirmIdentity });
}

async function ask() {
  const [ways, links] = await Promise.all([waysOf(), linksOf()]);
  const body = proofs({
    ways,
    submit: "Confirm",
    email: account.user.email,
    passkey: api.ownPasskeyOptions,
    onProof: async (proof) => {
      await api.confirm(proof);
      dialog.close(true);
    },
  });
  const dialog = openDialog({
    title: "Confirm that it is you",
    body: [h("p", { text: "What you are about to do concerns your account’s safety, and it is a while since you signed in. You will be asked only once in a few minutes." }), body, links.length > 0 && h("div", { class: "stack" }, h("p", { class: "muted", text: "Or sign in again, then repeat what you wanted to do:" }), ...links)].filter(Boolean),
  });
  focusFirst(body);
  return Boolean(await dialog.closed);
}

async function waysOf() {
  const { totp, recovery_codes: codes, passkeys } = await api.factors();
  return ["password", totp && "totp", passkeys.length > 0 && canUsePasskeys && "passkey", codes > 0 && "recovery_code"].filter(Boolean);
}

/** Who has no password, as all sign-ins were by a provider, comes back from there freshly signed in. */
async function linksOf() {
  const { items } = await api.identities();
  if (items.length === 0) return [];
  return providerLinks((provider) => `Sign in again with ${provider.title}`, { only: items.map(({ provider }) => provider) });
}
