/** Coming and going, roles, settings, the end. */
import { takeEarly } from "../presence/reducer.js";

const GONE = new Set(["participant.left", "participant.removed", "participant.banned"]);

function left(store, { data }) {
  const participant = store.participants.get(data.participant);
  if (!participant) return;
  store.participants.delete(data.participant);
  store.emit("left", { participant, reason: data.reason });
  store.emit("participants", {});
}

export const roomEvents = {
  "participant.joined": (store, { data }) => {
    const isNew = !store.participants.has(data.participant.id);
    store.participants.set(data.participant.id, { ...data.participant });
    takeEarly(store, data.participant.id);
    if (isNew) store.emit("joined", data.participant);
    store.emit("participants", {});
  },
  "participant.role_set": (store, { data }) => {
    const participant = store.participants.get(data.participant);
    if (!participant) return;
    participant.role = data.role;
    store.emit("role", participant);
    store.emit("participants", {});
  },
  "room.changed": (store, { data }) => {
    Object.assign(store.room, data);
    store.emit("room", {});
  },
  "room.ended": (store) => {
    store.room.ended = true;
    store.emit("room", {});
  },
  ...Object.fromEntries([...GONE].map((type) => [type, left])),
};
