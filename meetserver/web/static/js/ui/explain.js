/** Error codes to sentences that say what to do next. The server's own sentence wins where it is specific. */

const SENTENCES = {
  offline: "The server cannot be reached. Check the network and try again.",
  unavailable: "The server is busy right now. Please try again in a moment.",
  busy: "The server is busy right now. Please try again in a moment.",
  timeout: "The server took too long to answer. Please try again.",
  rate_limited: "That was too fast. Wait a moment and try again.",
  cancelled: "Nothing was changed. It needs you to confirm that it is you.",
  internal: "Something went wrong on the server. Please try again.",
  not_found: "That is not there (any more).",
  room_full: "This meeting is full.",
  room_ended: "This meeting has ended.",
  room_locked: "This meeting is locked. Ask the host to let you in.",
};
const GENERIC = "Something went wrong. Please try again.";

/** @param {any} error */
export function explain(error) {
  const code = error?.code;
  const own = error?.detail || error?.message;
  if (code === "rate_limited" && error.retryAfterS) return `Too many tries. Wait ${duration(error.retryAfterS)}, then try again.`;
  if (code === "offline" || code === "internal" || code === "unavailable") return SENTENCES[code];
  if (typeof own === "string" && own && own !== code && error.code) return sentence(own);
  return SENTENCES[code] ?? GENERIC;
}

function sentence(text) {
  const first = text[0].toLocaleUpperCase() + text.slice(1);
  return /[.!?…]$/.test(first) ? first : `${first}.`;
}

function duration(seconds) {
  const minutes = Math.ceil(seconds / 60);
  if (seconds <= 90) return `${Math.ceil(seconds)} seconds`;
  return `${minutes} minutes`;
}
