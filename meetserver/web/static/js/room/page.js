/** The meeting itself: puts session, store, media and the views together, and takes them apart again. */
import { Enclosed } from "../chat/enclosed.js";
import { ChatPanel } from "../chat/panel.js";
import { Outbox } from "../chat/outbox.js";
import { lockButton } from "../e2ee/lock.js";
import { Secrets } from "../e2ee/secrets.js";
import { Bag } from "../emitter.js";
import { accessInside } from "../files/access.js";
import { Files } from "../files/files.js";
import { takeDrops } from "../files/hands.js";
import { Tiles } from "../media/tiles.js";
import { PeoplePanel } from "../presence/people.js";
import { Report } from "../presence/report.js";
import { Mesh } from "../signaling/mesh.js";
import { Peer } from "../signaling/peer.js";
import { announce, button, h, icon, setTitle, show } from "../ui/dom.js";
import { clearToasts, toast } from "../ui/toast.js";
import { BoardPanel } from "../whiteboard/panel.js";
import { makeActions } from "./actions.js";
import { Anteroom } from "./anteroom.js";
import { stayAwake } from "./awake.js";
import { Banner } from "./banner.js";
import { Connection } from "./connection.js";
import { Knocks } from "./knocks.js";
import { Moderation } from "./moderation.js";
import { obeyHosts } from "./obey.js";
import { Panels } from "./panels.js";
import { Session } from "./session.js";
import { listenForKeys } from "./shortcuts.js";
import { Stage } from "./stage.js";
import { Store } from "./store.js";
import { Toolbar } from "./toolbar.js";

/**
 * @param {{meeting: string, title: string, host: string, name: string, join: any, ticket?: string, resume?: any,
 *   newTicket: () => Promise<string>, local: any, onEnd: (status: any, store: Store) => void}} how
 * @returns {{leave: () => void}} `leave` says bye and takes everything down
 */
export function enterRoom({ meeting, title, host, name, join, ticket, resume, newTicket, local, onEnd }) {
  const bag = new Bag();
  const store = new Store();
  const session = new Session({ url: socketUrl(join.ws_url), ticket, resume, newTicket });
  const parts = { meeting, session, store, local, bag };
  store.room.title = title;
  parts.access = accessInside(parts);

  parts.mesh = new Mesh({ ...parts, iceServers: join.ice_servers ?? [], makePeer: (options) => new Peer(options) });
  parts.report = new Report(parts);
  parts.moderation = new Moderation(parts);
  parts.secrets = new Secrets(parts);
  parts.outbox = new Outbox(parts);
  parts.enclosed = new Enclosed(parts);
  void new Connection(session, store, { meeting, join, secrets: parts.secrets });
  const view = buildView(parts);
  tellComings(parts);
  obeyHosts(parts);
  const anteroom = new Anteroom({ title, host, name, local, onLeave: () => void session.leave() });

  const takeDown = () => {
    parts.mesh.stop();
    anteroom.close();
    bag.empty();
    document.body.classList.remove("in-room");
  };
  session.on("status", (status) => {
    if (status.state === "ended") {
      takeDown();
      return onEnd(status, store);
    }
    const isInside = status.state === "online" || (view.isConnected && status.state === "reconnecting");
    document.body.classList.toggle("in-room", isInside);
    if (!isInside) return anteroom.update(status);
    anteroom.close();
    return view.isConnected || show(view);
  });
  bag.add(store.on("room", () => store.room.ended && setTimeout(() => session.stop(), 300)));

  // Whoever leaves the page now would lose what the server has not confirmed, or refused.
  bag.listen(window, "beforeunload", (event) => (session.unanswered > 0 || parts.outbox.entries.size > 0) && event.preventDefault());
  clearToasts();
  anteroom.update(session.status);
  stayAwake(bag);
  session.start();
  return { leave: () => void (parts.mesh.stop(), session.leave()) };
}

function buildView(parts) {
  const { bag, store } = parts;
  const chat = new ChatPanel(parts);
  const files = new Files(parts.access, parts.enclosed);
  const panels = new Panels({ chat: { title: "Chat", view: chat }, people: { title: "People", view: new PeoplePanel(parts) }, files: { title: "Files", view: files } });
  const knocks = new Knocks({ ...parts, showQueue: () => panels.show("people") });
  const bringOthers = (found) => (panels.show("files"), files.add(found));
  const stage = new Stage({ tiles: new Tiles(parts), board: new BoardPanel({ ...parts, bringOthers, onClose: () => stage.toggleBoard() }) });
  const actions = makeActions({ ...parts, panels, stage, files });
  const toolbar = new Toolbar(actions.tools);
  actions.showOn(toolbar);
  const head = heading(parts, actions.tools.link);
  chat.onUnread = (count, isMentioned) => (head.showUnread(count), toolbar.count("chat", count, count > 0 ? `Chat, ${count} unread${isMentioned ? ", you are mentioned" : ""}` : "Chat", isMentioned ? "@" : undefined));
  bag.add(store.on("room", () => offer({ store, toolbar, panels, stage })));
  bag.add(store.on("participants", () => stage.refresh()));
  bag.add(store.on("participants", () => ["audio", "camera", "screen"].forEach((tool) => toolbar.hide(tool, store.me?.role === "viewer" || (tool === "screen" && !parts.local.canShareScreen)))));
  bag.add(parts.local.on("change", () => stage.refresh()));
  listenForKeys(actions.tools, () => panels.close() || stage.closeBoard(), bag);
  const element = h("div", { class: "room" }, head.element, new Banner(parts).element, knocks.element, h("div", { class: "middle" }, stage.element, panels.element), toolbar.element);
  takeDrops(element, bringOthers, () => files.mayAdd);
  bag.add(() => files.uploads.stop());
  // A typed message on a phone needs the height that the on-screen keyboard leaves.
  const fit = () => visualViewport.scale === 1 && element.style.setProperty("--height", `${visualViewport.height}px`);
  if (window.visualViewport) bag.listen(visualViewport, "resize", fit);
  return element;
}

/** Chat and board, as far as the meeting has them. */
function offer({ store, toolbar, panels, stage }) {
  const { chat, whiteboard } = store.room.settings;
  toolbar.hide("chat", chat === false);
  toolbar.hide("board", whiteboard === false);
  if (chat === false && panels.open === "chat") panels.close();
  if (whiteboard === false) stage.closeBoard();
}

function heading({ store, secrets, bag }, copyLink) {
  const title = h("h1");
  const count = h("span", { class: "badge" });
  const locked = h("span", { class: "badge locked", title: "Only hosts and co-hosts can come in" }, icon("lock"), h("span", { text: "Locked" }));
  let unread = 0;
  const update = () => {
    title.textContent = store.room.title || "Meeting";
    const knocks = store.isModerator && store.waiting.size > 0 ? `(${store.waiting.size} waiting) ` : "";
    const missed = document.hidden && unread > 0 ? `(${unread}) ` : "";
    setTitle(missed + knocks + title.textContent);
    count.textContent = store.participants.size === 1 ? "Only you" : `${store.participants.size} people`;
    count.hidden = store.participants.size === 0;
    locked.hidden = !store.room.settings.locked;
  };
  for (const topic of ["room", "participants", "waiting"]) bag.add(store.on(topic, update));
  bag.listen(document, "visibilitychange", update);
  const showUnread = (now) => ((unread = now), update());
  const element = h("header", { class: "room-head" }, title, count, locked, lockButton({ secrets, store, bag }), button({ label: "Copy link", icon: "copy", class: "quiet invite", onClick: copyLink }));
  return { element, showUnread };
}

/** Coming, going and raised hands, for eyes and ears. */
function tellComings({ store, session, bag }) {
  const isLive = () => session.status.state === "online";
  const tell = (text) => (isLive() ? toast(text, { lifeMs: 3000 }) : announce(text));
  bag.add(store.on("joined", ({ id, name }) => id !== store.self.participant && tell(`${name} joined`)));
  bag.add(store.on("left", ({ participant, reason }) => reason !== "removed" && tell(reason === "timeout" ? `${participant.name} lost the connection` : `${participant.name} left`)));
  bag.add(store.on("hand", ({ id, name }) => id !== store.self.participant && tell(`${name} raises a hand`)));
  bag.add(store.on("role", ({ id, role }) => id === store.self.participant && toast(`You are now ${{ host: "a host", cohost: "a co-host" }[role] ?? `a ${role}`}.`)));
  bag.add(store.on("incomplete", () => toast("A part of the room could not be loaded. Load the page again to see all of it.", { kind: "bad" })));
}

/** The socket is on the server that this page came from, under whatever name and scheme the page was reached by. */
function socketUrl(wsUrl) {
  const { pathname } = new URL(wsUrl, location.href);
  return `${location.protocol === "https:" ? "wss:" : "ws:"}//${location.host}${pathname}`;
}
