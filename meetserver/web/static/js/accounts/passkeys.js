/** Passkeys as the browser has them (WebAuthn Level 3); options and answers are its own JSON. */

/** Whether this browser and this address can have any: it takes https or localhost, and a name. */
export const canUsePasskeys = Boolean(window.PublicKeyCredential?.parseRequestOptionsFromJSON) && !/^[\d.]+$|:/.test(location.hostname);

/** Whether the browser offers passkeys in the list under the address field. */
export async function canSuggest() {
  return canUsePasskeys && Boolean(await PublicKeyCredential.isConditionalMediationAvailable?.());
}

/** @param {{signal?: AbortSignal, mediation?: "conditional"}} [how] @returns {Promise<any>} the proof, as JSON */
export async function askForPasskey(options, how = {}) {
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options);
  return (await inWords(navigator.credentials.get({ publicKey, ...how }))).toJSON();
}

export async function makePasskey(options) {
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options);
  return (await inWords(navigator.credentials.create({ publicKey }))).toJSON();
}

async function inWords(asked) {
  try {
    return await asked;
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw Object.assign(new Error(WORDS[error.name] ?? error.message), { code: "passkey" });
  }
}

const WORDS = {
  NotAllowedError: "No passkey was used: it was cancelled, took too long, or there is none here. Try again, or use another way.",
  InvalidStateError: "This device or key has a passkey for this account already.",
  SecurityError: "Passkeys do not work at this address. Open the site by its proper name, over https.",
  NotSupportedError: "This device cannot make the kind of passkey that is needed here.",
};
