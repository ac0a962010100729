/** The way into a meeting: its address leads here, and from here into the room, or to a page that says why not. */
import { account } from "../accounts/session.js";
import * as api from "../http/api.js";
import { LocalMedia } from "../media/devices.js";
import { forgetSession, savedSession } from "../room/connection.js";
import { enterRoom } from "../room/page.js";
import { refresh } from "../router.js";
import { button, h, setTitle, show } from "../ui/dom.js";
import { explain } from "../ui/explain.js";
import { endedPage, goneInPage, messagePage } from "./ended.js";
import { lobby } from "./lobby.js";

/** What is on the screen now and has to be taken down before something else is. */
let current = null;

export function leaveMeetingView() {
  current?.leave();
  current = null;
}

/** @param {string} meeting its id, from the address */
export async function doorPage(meeting) {
  leaveMeetingView();
  const visit = { leave: () => {} };
  current = visit;
  const local = new LocalMedia();
  const saved = savedSession(meeting);
  if (saved?.resume?.token && saved.ws_url) {
    setTitle("Coming back");
    show(h("div", { class: "page centre" }, h("div", { class: "spinner" }), h("p", { role: "status", text: "Coming back to the meeting…" })));
    visit.leave = () => local.close();
    await local.open();
    if (current === visit) enter(visit, { meeting, local, join: saved, resume: saved.resume, title: saved.title ?? "", name: saved.name });
    return;
  }
  try {
    show(h("div", { class: "page centre" }, h("div", { class: "spinner" }), h("p", { role: "status", text: "Looking for the meeting…" })));
    const door = await api.door(meeting);
    if (current === visit) await knock(visit, meeting, door, local);
  } catch (error) {
    if (current === visit) refused(meeting, error);
  }
}

async function knock(visit, meeting, door, local) {
  setTitle(door.title);
  const view = lobby({
    door,
    local,
    user: account.user,
    onJoin: async (name, passcode) => {
      const join = await api.join(meeting, account.user ? undefined : name, passcode);
      view.stop();
      enter(visit, { meeting, local, join, ticket: join.ticket, title: door.title, name });
    },
  });
  visit.leave = () => (view.stop(), local.close());
  show(view.element);
  await local.open();
}

function enter(visit, { meeting, local, join, ticket, resume, title, name }) {
  const { ticket: _spent, resume: _old, ...lasting } = join;
  const room = enterRoom({
    meeting,
    title,
    join: { ...lasting, title, name },
    ticket,
    resume,
    local,
    newTicket: async () => (await api.join(meeting, account.user ? undefined : name)).ticket,
    onEnd: (status, state) => {
      local.close();
      if (status.code !== 3505) forgetSession(meeting); // open in another window: this one may take it back
      if (current === visit) endedPage(status, state, { onAgain: () => refresh() });
    },
  });
  visit.leave = () => (room.leave(), forgetSession(meeting));
}

function refused(meeting, error) {
  if (error.status === 404) return goneInPage();
  return messagePage({ title: "The meeting cannot be opened", text: explain(error), isBad: true, actions: [button({ label: "Try again", class: "primary", onClick: () => void doorPage(meeting) })] });
}
