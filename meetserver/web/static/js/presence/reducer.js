/** Hand, screen, microphone, camera, status, away. */

const FIELDS = ["audio", "video", "screen", "hand", "status", "away", "board"];

/** Take over what `state` says of a participant; what it leaves out stays. @returns the participant, if there */
export function merge(store, state) {
  const participant = store.participants.get(state.participant);
  if (!participant) return undefined;
  for (const field of FIELDS) if (field in state) participant[field] = state[field];
  return participant;
}

/** All live states as they are now: who is not listed, or a field left out, has the default. */
export function replaceLive(store, states) {
  for (const participant of store.participants.values()) Object.assign(participant, { audio: false, video: false, status: "", away: false, board: undefined });
  store.earlyPresence = new Map(states.map((state) => [state.participant, state]));
  for (const id of store.participants.keys()) takeEarly(store, id);
}

/** Somebody's live state came before the event that they joined. */
export function takeEarly(store, id) {
  const state = store.earlyPresence.get(id);
  store.earlyPresence.delete(id);
  if (state) merge(store, state);
}

export const events = {
  "presence.changed": (store, { data, seq }) => {
    const before = store.participants.get(data.participant)?.hand ?? false;
    const participant = merge(store, data);
    if (!participant) return;
    if (data.hand !== undefined) participant.hand_seq = data.hand ? (participant.hand_seq ?? seq) : undefined;
    if (data.hand && !before) store.emit("hand", participant);
    store.emit("participants", {});
  },
};
