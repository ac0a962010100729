/**
 * A peer for everybody else in the room. Whom a snapshot shows we call (we are new, or the page was loaded again); who
 * joins after us calls us, and is called after a while when nothing comes. The one who joined later is polite. A call has an id, so that signals of an older one cannot harm a newer.
 *
 * Emits "media" {participant}, "state" {participant, state}.
 */
import { Emitter } from "../emitter.js";

const WAIT_FOR_CALL_MS = 6000;
const MAX_RETRIES = 5;

export class Mesh extends Emitter {
  #session;
  #store;
  #local;
  #iceServers;
  #makePeer;
  /** @type {Map<string, {peer: any, retries: number, timer: any}>} by the other's session id */
  #links = new Map();
  #undo = [];

  /** @param {{session: any, store: any, local: any, iceServers: RTCIceServer[], makePeer: (how: any) => any}} parts */
  constructor({ session, store, local, iceServers, makePeer }) {
    super();
    this.#session = session;
    this.#store = store;
    this.#local = local;
    this.#iceServers = iceServers;
    this.#makePeer = makePeer;
    this.#undo = [
      session.on("event", (frame) => frame.type.startsWith("signal.") && void this.#signal(frame)),
      session.on("status", (status) => status.state === "online" && status.isBack && this.#healAll()),
      store.on("participants", ({ isReset }) => this.#sync(isReset)),
      local.on("track", ({ name, track }) => this.#replaceTrack(name, track)),
    ];
  }

  /** @param {string} participantId */
  peerOf(participantId) {
    return this.#links.get(this.#store.participants.get(participantId)?.session)?.peer ?? null;
  }

  stop() {
    for (const undo of this.#undo) undo();
    for (const [session, { peer }] of this.#links) if (peer) this.#session.tell("signal.close", { to: session, call: peer.call, reason: "left" });
    for (const session of [...this.#links.keys()]) this.#drop(session);
  }

  /** Links for exactly those who are here. */
  #sync(isReset = false) {
    const here = new Set();
    for (const other of this.#store.participants.values()) {
      if (other.id === this.#store.self.participant) continue;
      here.add(other.session);
      if (!this.#links.has(other.session)) this.#expect(other, isReset);
    }
    for (const session of [...this.#links.keys()]) if (!here.has(session)) this.#drop(session);
  }

  #expect(other, isReset) {
    const link = { peer: null, retries: 0, timer: null };
    this.#links.set(other.session, link);
    if (isReset) this.#call(other.session);
    else link.timer = setTimeout(() => link.peer || this.#call(other.session), WAIT_FOR_CALL_MS);
  }

  /** Whether we came after `other`. Both sides compare the same two stamps, so they agree. */
  #isNewcomer(other) {
    const me = this.#store.me;
    if (!me) return true;
    if (me.joined_at !== other.joined_at) return me.joined_at > other.joined_at;
    return me.id > other.id;
  }

  /** Who only watches may make no offer, and asks the other side for one. */
  #call(session) {
    const call = callId();
    if (this.#store.me?.role === "viewer") this.#session.tell("signal.renegotiate", { to: session, call });
    else this.#connect(session, { call, isMaker: true });
  }

  #connect(session, { call, isMaker }) {
    const link = this.#links.get(session);
    const other = this.#store.bySession(session);
    if (!link || !other) return null;
    clearTimeout(link.timer);
    link.peer?.close();
    const peer = this.#makePeer({
      call,
      isMaker,
      isPolite: this.#isNewcomer(other),
      iceServers: this.#iceServers,
      tracks: this.#local.tracks,
      send: (type, data) => this.#session.tell(type, { to: session, ...data }),
    });
    link.peer = peer;
    peer.on("media", () => this.emit("media", { participant: other.id }));
    peer.on("state", (state) => {
      if (state === "connected") link.retries = 0;
      this.emit("state", { participant: other.id, state });
    });
    peer.on("failed", () => this.#retry(session, link, peer));
    return peer;
  }

  #retry(session, link, peer) {
    if (link.peer !== peer) return;
    peer.close();
    link.peer = null;
    const id = this.#store.bySession(session)?.id;
    if (id) this.emit("state", { participant: id, state: "failed" });
    if (link.retries++ >= MAX_RETRIES) return;
    clearTimeout(link.timer);
    link.timer = setTimeout(() => this.#links.get(session) === link && !link.peer && this.#call(session), 1000 * 2 ** link.retries * (0.5 + Math.random()));
  }

  #drop(session) {
    const link = this.#links.get(session);
    this.#links.delete(session);
    clearTimeout(link?.timer);
    link?.peer?.close();
  }

  /** After a reconnect: signals may have been lost. Who is still connected needs nothing. */
  #healAll() {
    for (const [session, link] of this.#links) {
      link.retries = 0;
      if (link.peer) link.peer.heal();
      else this.#call(session);
    }
  }

  async #signal({ type, data }) {
    try {
      if (type === "signal.offer") return await this.#offered(data);
      const peer = this.#links.get(data.from)?.peer;
      if (type === "signal.renegotiate" && peer?.call !== data.call) return this.#askedFor(data.from);
      if (!peer || peer.call !== data.call) return;
      if (type === "signal.answer") await peer.onAnswer(data);
      else if (type === "signal.candidates") await peer.onCandidates(data);
      else if (type === "signal.renegotiate") peer.restart();
      else if (type === "signal.close") this.#hangUp(data.from, peer);
    } catch (error) {
      console.warn(`${type} could not be followed`, error.message);
    }
  }

  /** A viewer whom we have no call with asks for one. Two viewers have nothing to show each other. */
  #askedFor(session) {
    const isViewer = this.#store.bySession(session)?.role === "viewer";
    if (isViewer && this.#links.has(session) && this.#store.me?.role !== "viewer") this.#call(session);
  }

  async #offered(data) {
    const link = this.#links.get(data.from);
    if (!link) return; // gone already, or not here yet: then they call again
    if (link.peer?.call === data.call) return void (await link.peer.onOffer(data));
    const other = this.#store.bySession(data.from);
    if (link.peer?.isOffering && other && !this.#isNewcomer(other)) {
      link.peer.resendOffer(); // two calls at once: ours stands, and the polite side may not have heard of it
      return;
    }
    await this.#connect(data.from, { call: data.call, isMaker: false })?.onOffer(data);
  }

  #hangUp(session, peer) {
    peer.close();
    const link = this.#links.get(session);
    if (link?.peer === peer) link.peer = null;
  }

  #replaceTrack(name, track) {
    for (const { peer } of this.#links.values()) void peer?.replaceTrack(name, track);
  }
}

function callId() {
  return [...crypto.getRandomValues(new Uint8Array(9))].map((byte) => byte.toString(36).padStart(2, "0")).join("");
}
