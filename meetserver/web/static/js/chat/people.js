/** Who is who in the chat: people here, those who have left and can be written to, and ourselves under earlier ids. */

/** Whether this participant is us, now or before. */
export function isMe(store, id) {
  if (id === store.self.participant) return true;
  const user = store.me?.user;
  return Boolean(user) && store.chat.people.get(id)?.user === user;
}

export const nameOf = (store, id) => store.participants.get(id)?.name ?? store.chat.people.get(id)?.name ?? "somebody who left";

/** The others of a private message by name, each once. @param {string[]} ids */
export function namesOf(store, ids) {
  return [...new Set(ids.map((id) => (isMe(store, id) ? "you" : nameOf(store, id))))].join(", ");
}

/** @returns {{id: string, name: string, isAway: boolean}[]} whom we can write to: those who are here, then signed-in ones who left */
export function reachable(store) {
  const here = [...store.participants.values()].filter(({ id }) => !isMe(store, id)).map(({ id, name }) => ({ id, name, isAway: false }));
  if (store.room.settings.e2ee) return here; // they have no key to read it with
  const users = new Set([...store.participants.values()].map(({ user }) => user));
  const away = [...store.chat.people].filter(([id, { user }]) => !users.has(user) && !store.participants.has(id));
  const newest = new Map(away.map(([id, { name, user }]) => [user, { id, name, isAway: true }]));
  return [...here, ...newest.values()];
}

export function mentioned(store, message) {
  return (message.mentions ?? []).map((id) => ({ name: nameOf(store, id), isMe: isMe(store, id) }));
}

export const mentionsMe = (store, message) => (message.mentions ?? []).some((id) => isMe(store, id));
