/**
 * What this page knows of the room: a fold over snapshot and events, as on the server. Views read it and listen
 * to topics: "participants", "waiting", "chat", "typing", "board", "pages", "versions", "preview", "pointer", "room", "joined", "left",
 * "knock", "role", "muted", "sentOut"; of the chat also
 * "message" (one has changed), "older", "pinned", "marks".
 */
import { Emitter } from "../emitter.js";
import * as chat from "../chat/reducer.js";
import * as presence from "../presence/reducer.js";
import * as whiteboard from "../whiteboard/reducer.js";
import { roomEvents } from "./reducer.js";

const EVENTS = { ...roomEvents, ...presence.events, ...chat.events, ...whiteboard.events };

export class Store extends Emitter {
  self = { participant: "", session: "" };
  room = { title: "", settings: {}, ended: false };
  /** @type {Map<string, any>} by participant id, in the order of joining */
  participants = new Map();
  /** @type {Map<string, any>} who is in the lobby, by participant id, in the order of the queue */
  waiting = new Map();
  /** How we were sent out, if we were: "removed" or "banned". */
  sentOut = "";
  chat = chat.empty();
  board = whiteboard.empty();
  /** @type {Map<string, any>} live states of people whose joining is still on its way to us */
  earlyPresence = new Map();
  seq = 0;

  get me() {
    return this.participants.get(this.self.participant);
  }

  get isHost() {
    return this.me?.role === "host";
  }

  get isModerator() {
    return this.me?.role === "host" || this.me?.role === "cohost";
  }

  bySession(session) {
    for (const participant of this.participants.values()) if (participant.session === session) return participant;
    return undefined;
  }

  /** Everything anew. @param {any} snapshot @param {{participant: string, session: string}} self */
  reset(snapshot, self, seq) {
    this.self = self;
    this.seq = seq;
    this.earlyPresence.clear();
    this.room = { title: "", settings: {}, ended: false, ...snapshot.room };
    this.participants = new Map((snapshot.participants ?? []).map((one) => [one.id, { ...one }]));
    this.waiting = new Map((snapshot.waiting ?? []).map((one) => [one.id, one]));
    this.chat = chat.fromSnapshot(snapshot.chat, snapshot.marks);
    this.board = whiteboard.fromSnapshot(snapshot.whiteboard, snapshot.steps);
    for (const topic of ["room", "participants", "waiting", "chat", "typing", "pages", "versions", "board"]) this.emit(topic, { isReset: true });
  }

  /** What is not in the log comes beside it on a resume. */
  refresh({ presence: states = [], marks = {} }) {
    presence.replaceLive(this, states);
    this.chat.marks = new Map(Object.entries(marks));
    this.emit("marks", {});
    this.emit("participants", {});
  }

  /** One frame, durable or not. An event that we do not know is somebody newer's: ignored. */
  apply(frame) {
    if (frame.seq !== undefined) this.seq = frame.seq;
    EVENTS[frame.type]?.(this, frame);
  }
}
