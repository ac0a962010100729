/** Coming and going, the lobby's queue, roles, being sent out, settings, the end. */
import { takeEarly } from "../presence/reducer.js";

function unqueue(store, id) {
  if (store.waiting.delete(id)) store.emit("waiting", {});
}

const leavesQueue = (store, { data }) => unqueue(store, data.participant);

/** The participant, by now still here; "participant.left" follows. */
const sentOut = (kind) => (store, { data, by }) => {
  if (data.participant === store.self.participant) store.sentOut = kind;
  const participant = store.participants.get(data.participant) ?? store.waiting.get(data.participant);
  if (participant) store.emit("sentOut", { participant, kind, ban: data.ban, by });
};

export const roomEvents = {
  "participant.joined": (store, { data }) => {
    const isNew = !store.participants.has(data.participant.id);
    store.participants.set(data.participant.id, { ...data.participant });
    takeEarly(store, data.participant.id);
    if (isNew) store.emit("joined", data.participant);
    store.emit("participants", {});
  },
  "participant.left": (store, { data }) => {
    unqueue(store, data.participant);
    const participant = store.participants.get(data.participant);
    if (!participant) return;
    // In another of our tabs, it may be, we are called by another id.
    if (data.participant === store.self.participant && data.reason === "removed") store.sentOut ||= "removed";
    store.participants.delete(data.participant);
    store.emit("left", { participant, reason: data.reason });
    store.emit("participants", {});
  },
  "participant.waiting": (store, { data }) => {
    store.waiting.set(data.participant.id, data.participant);
    store.emit("knock", data.participant);
    store.emit("waiting", {});
  },
  "participant.admitted": leavesQueue,
  "participant.denied": leavesQueue,
  "participant.role_set": (store, { data }) => {
    const participant = store.participants.get(data.participant);
    if (!participant) return;
    participant.role = data.role;
    store.emit("role", participant);
    store.emit("participants", {});
    store.emit("waiting", {}); // who sees the queue depends on it
  },
  "participant.muted": (store, { data, by }) => store.emit("muted", { ...data, by: store.participants.get(by) }),
  "participant.removed": sentOut("removed"),
  "participant.banned": sentOut("banned"),
  "room.changed": (store, { data, by }) => {
    Object.assign(store.room, data);
    store.emit("room", { by });
  },
  "room.ended": (store) => {
    store.room.ended = true;
    store.emit("room", {});
  },
};
