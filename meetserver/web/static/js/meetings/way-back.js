/** Where somebody wanted to go who had to sign in first. */
import { forget, keep, recall } from "../ui/storage.js";

const KEY = "meet.way-back";

export function rememberWayBack() {
  keep(sessionStorage, KEY, JSON.stringify(location.pathname));
}

export function forgetWayBack() {
  forget(sessionStorage, KEY);
}

/** @returns {string|null} the way to a meeting on this server, once */
export function takeWayBack() {
  const path = recall(sessionStorage, KEY);
  forgetWayBack();
  return typeof path === "string" && path.startsWith("/m/") ? path : null;
}
