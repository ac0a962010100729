/** What is shown after a meeting, whichever way it ended, and instead of one that does not let us in. */
import { button, h, icon, setTitle, show } from "../ui/dom.js";
import { explain } from "../ui/explain.js";
import { rememberWayBack } from "./way-back.js";

/** Title, text, what the button says that tries again ("": it makes no sense), picture. */
const SENT_OUT = {
  removed: ["You were removed from the meeting", "A host or co-host sent you out. You can come in again only if they allow it: ask them if it was a mistake.", "", "ban"],
  banned: ["You were banned from the meeting", "A host or co-host does not let you in any more. Ask them if it was a mistake.", "", "ban"],
};
const NOT_LET_IN = ["You were not let in", "A host or co-host declined. If it was a mistake, ask them, then try again.", "Ask again", "ban"];
const CLOSED = {
  3503: ["You are no longer in the meeting", "A host or co-host sent you out, or the meeting’s doors were closed for you.", "", "ban"],
  3504: ["The meeting has ended", "A host ended it for everybody.", ""],
  3505: ["The meeting is open in another window", "This page was opened again elsewhere, and goes on there.", "Join again"],
  3508: ["Disconnected", "This page sent too much at once. Wait a moment, then join again.", "Join again"],
  3500: ["Disconnected", "The server and this page did not understand each other. Load the page again; it may be an old one.", "Join again"],
};
const REASONS = {
  room_ended: CLOSED[3504],
  unauthenticated: ["You are no longer in the meeting", "You were signed out, or away for too long.", "Join again", "lock"],
  room_locked: ["The meeting is locked", "Nobody else comes in for now. Ask a host to unlock it, then try again.", "Try again", "lock"],
  room_full: ["The meeting is full", "Try again when somebody has left.", "Try again", "people"],
  not_found: ["There is no such meeting", "It was deleted, or the link lost a part on its way. Ask the person who sent it for a new one.", "", "warn"],
};

/** @param {any} status the session's last one @param {any} store what the page knew of the room @param {{onAgain: () => void}} how */
export function endedPage(status, store, { onAgain }) {
  if (status.why === "left") return say(["You left the meeting", "The link still works, should you want to go back.", "Join again"], onAgain);
  return say(whyEnded(status, store), onAgain);
}

function whyEnded({ why, code, reason, message }, store) {
  if (store.room.ended) return REASONS.room_ended;
  if (store.sentOut) return SENT_OUT[store.sentOut];
  if (why === "not let in" && code === 3503) return NOT_LET_IN;
  if (why === "refused") return REASONS[reason] ?? forbidden(message, "You are no longer in the meeting", "Join again");
  return CLOSED[code] ?? REASONS[reason] ?? forbidden(message || "The connection could not be made again", "You are no longer in the meeting", "Join again");
}

function forbidden(message, title, again) {
  return [title, explain({ code: "forbidden", detail: message }), again, "ban"];
}

/** @param {any} error of the API @param {{door?: string, onAgain: () => void}} how `door`: where the meeting can be asked for without the guest link */
export function refusedPage(error, { door, onAgain }) {
  if (error.code !== "unauthenticated" && REASONS[error.code]) return say(REASONS[error.code], onAgain);
  if (error.code === "unauthenticated") return say(["Sign in to join", explain(error), "", "lock"], onAgain, [h("a", { class: "button primary", href: "/#signin", text: "Sign in", on: { click: rememberWayBack } })]);
  if (error.code !== "forbidden") return say(["The meeting cannot be opened", explain(error), "Try again", "warn"], onAgain);
  const plain = door && h("a", { class: "button primary", href: door, text: "Ask at the meeting’s own door" });
  return say(forbidden(error.detail, "You cannot come in", door ? "" : "Try again"), onAgain, [plain].filter(Boolean));
}

function say([title, text, again, picture = "leave"], onAgain, actions = []) {
  setTitle(title);
  const heading = h("h1", { tabindex: "-1", text: title });
  const isBad = picture === "ban" || picture === "warn";
  show(
    h(
      "div",
      { class: "page centre" },
      h("div", { class: `big-icon${isBad ? " bad" : ""}` }, icon(picture)),
      heading,
      h("p", { class: "muted", text }),
      h("div", { class: "row" }, ...actions, again && button({ label: again, class: actions.length > 0 ? "" : "primary", onClick: onAgain }), h("a", { class: "button", href: "/", text: "To the start page" })),
    ),
  );
  heading.focus();
}
