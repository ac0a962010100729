/** Passkeys in the browser's own list under the address field (WebAuthn's conditional mediation), while the card is shown. */
import * as api from "../http/accounts.js";
import { askForPasskey, canSuggest } from "./passkeys.js";
import { account } from "./session.js";

const RENEWED_AT = 0.8; // of the challenge's life

let running = null;

export function stopSuggesting() {
  running?.abort();
  running = null;
}

/** @param {HTMLElement} card @param {{onDone: () => void, onRefused: (error: any) => void}} how */
export async function suggestPasskeys(card, { onDone, onRefused }) {
  stopSuggesting();
  const mine = (running = new AbortController());
  if (!(await canSuggest())) return;
  try {
    while (!mine.signal.aborted) {
      const { token, options, expires_in } = await api.passkeyOptions();
      if (mine.signal.aborted || !card.isConnected) return;
      const passkey = await untilOld(options, mine, expires_in * RENEWED_AT * 1000);
      if (!card.isConnected) return;
      if (!passkey) continue;
      await account.signInByPasskey(token, passkey);
      return onDone();
    }
  } catch (error) {
    if (error.status && card.isConnected) onRefused(error); // what the browser itself refuses is no news: nobody has pressed anything
  }
}

/** @returns {Promise<any>} the proof, or null when the challenge is about to be too old */
async function untilOld(options, { signal }, lifeMs) {
  const own = new AbortController();
  const stop = () => own.abort();
  signal.addEventListener("abort", stop);
  const timer = setTimeout(stop, lifeMs);
  try {
    return await askForPasskey(options, { mediation: "conditional", signal: own.signal });
  } catch (error) {
    if (error.name === "AbortError" && !signal.aborted) return null;
    throw error;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", stop);
  }
}
