/** The way into a meeting: its address leads here, and from here into the room, or to a page that says why not. */
import { account } from "../accounts/session.js";
import { ApiError } from "../http/api.js";
import * as api from "../http/meetings.js";
import { LocalMedia } from "../media/devices.js";
import { forgetSession, savedSession } from "../room/connection.js";
import { enterRoom } from "../room/page.js";
import { refresh } from "../router.js";
import { h, setTitle, show } from "../ui/dom.js";
import { endedPage, refusedPage } from "./ended.js";
import { entrance } from "./entrance.js";

/** What is on the screen now and has to be taken down before something else is. */
let current = null;

export function leaveMeetingView() {
  current?.leave();
  current = null;
}

/** @param {string} meeting its id, from the address @param {string} [link] the secret of a guest link */
export async function doorPage(meeting, link) {
  leaveMeetingView();
  const visit = { meeting, link, local: new LocalMedia(), leave: () => {} };
  current = visit;
  const saved = savedSession(meeting);
  if (saved?.resume?.token && saved.ws_url) return comeBack(visit, saved);
  try {
    wait("Looking for the meeting…");
    const door = await api.door(meeting);
    if (current === visit) await knock(visit, door);
  } catch (error) {
    if (current === visit) refused(visit, error);
  }
  return undefined;
}

function wait(text) {
  show(h("div", { class: "page centre" }, h("div", { class: "spinner" }), h("p", { role: "status", text })));
}

async function comeBack(visit, saved) {
  setTitle("Coming back");
  wait("Coming back to the meeting…");
  visit.leave = () => visit.local.close();
  await visit.local.open();
  if (current === visit) enter(visit, { wish: { name: saved.name }, join: saved, resume: saved.resume });
}

async function knock(visit, door) {
  setTitle(door.title);
  const view = entrance({
    door,
    local: visit.local,
    user: account.user,
    isByLink: Boolean(visit.link),
    onJoin: async (wish) => {
      try {
        const { ticket, ...join } = await ask(visit, wish);
        view.stop();
        enter(visit, { wish, ticket, join: { ...join, title: door.title, host: door.host_name, name: wish.name } });
      } catch (error) {
        // What another passcode, or another moment, may change is said over the form.
        if (error.status >= 500 || !error.status || error.status === 429 || (error.code === "forbidden" && wish.passcode !== undefined)) throw error;
        view.stop();
        refused(visit, error);
      }
    },
  });
  visit.leave = () => (view.stop(), visit.local.close());
  show(view.element);
  await visit.local.open();
}

function ask({ meeting, link }, { name, passcode }) {
  return api.join(meeting, { name: account.user ? undefined : name, passcode, link });
}

/** A ticket for somebody whose place is gone. */
async function askAgain(visit, wish) {
  try {
    return (await ask(visit, wish)).ticket;
  } catch (error) {
    // Without the account that this page thinks it has, a name is missing.
    throw account.user && error.code === "bad_message" ? new ApiError("unauthenticated", "you were signed out", 401) : error;
  }
}

/** @param {{wish: any, join: any, ticket?: string, resume?: any}} how `join`: what a later load of this page needs to come back */
function enter(visit, { wish, join, ticket, resume }) {
  const { meeting, local } = visit;
  const { resume: _old, ...lasting } = join;
  const room = enterRoom({
    meeting,
    title: lasting.title ?? "",
    host: lasting.host ?? "",
    name: lasting.name ?? "",
    join: lasting,
    ticket,
    resume,
    local,
    newTicket: () => askAgain(visit, wish),
    onEnd: (status, store) => {
      local.close();
      if (status.code !== 3505) forgetSession(meeting); // open in another window: this one may take it back
      if (current === visit) endedPage(status, store, { onAgain: () => refresh() });
    },
  });
  visit.leave = () => (room.leave(), forgetSession(meeting));
}

function refused(visit, error) {
  visit.local.close();
  const { meeting, link } = visit;
  refusedPage(error, { door: link && `/m/${encodeURIComponent(meeting)}`, onAgain: () => void doorPage(meeting, link) });
}
