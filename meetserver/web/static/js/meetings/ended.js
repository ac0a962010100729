/** What is shown after a meeting, whichever way it ended. */
import { button, h, icon, setTitle, show } from "../ui/dom.js";

const CLOSED = {
  3503: ["You cannot be in this meeting", "A host removed you, or did not let you in.", false],
  3504: ["The meeting has ended", "A host ended it for everybody.", false],
  3505: ["The meeting is open in another window", "This page was opened again elsewhere, and goes on there.", true],
  3508: ["Disconnected", "This page sent too much at once. Wait a moment, then join again.", true],
  3500: ["Disconnected", "The server and this page did not understand each other. Load the page again; it may be an old one.", true],
};
const REASONS = {
  room_ended: CLOSED[3504],
  room_full: ["The meeting is full", "Try again when somebody has left.", true],
  not_found: ["The meeting is gone", "It was deleted, or the link is not complete.", false],
};

/** @param {any} status the session's last one @param {any} room @param {{onAgain: () => void}} how */
export function endedPage(status, room, { onAgain }) {
  const again = button({ label: "Join again", class: "primary", onClick: onAgain });
  if (room.ended || status.reason === "room_ended") return say(CLOSED[3504]);
  if (status.why === "left") return messagePage({ title: "You left the meeting", text: "The link still works, should you want to go back.", actions: [again] });
  const [title, text, mayReturn] = CLOSED[status.code] ?? REASONS[status.reason] ?? ["You are no longer in the meeting", status.message || "The connection could not be made again.", true];
  return say([title, text, mayReturn]);

  function say([title, text, mayReturn]) {
    messagePage({ title, text, actions: mayReturn ? [again] : [] });
  }
}

export function goneInPage() {
  messagePage({ title: "There is no such meeting", text: "It was deleted, or the link lost a part on its way. Ask the person who sent it for a new one.", isBad: true });
}

export function messagePage({ title, text, actions = [], isBad = false }) {
  setTitle(title);
  const heading = h("h1", { tabindex: "-1", text: title });
  show(
    h(
      "div",
      { class: "page centre" },
      h("div", { class: `big-icon${isBad ? " bad" : ""}` }, icon(isBad ? "warn" : "leave")),
      heading,
      h("p", { class: "muted", text }),
      h("div", { class: "row" }, ...actions, h("a", { class: "button", href: "/", text: "To the start page" })),
    ),
  );
  heading.focus();
}
