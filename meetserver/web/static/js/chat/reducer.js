/** The conversation: messages by seq and what became of them, what is pinned, who is writing, who has read how far. */
import * as revision from "./revision.js";

const KEPT = 2000; // older ones are on the server; a page must not grow for days
const KEPT_BACK = 5 * KEPT; // of what somebody has loaded and reads just now, nothing goes
const TYPING_LIFE_MS = 6000;
const CHANGES_HELD = 500;

export const empty = () => ({ messages: [], more: false, typing: new Map(), pinned: [], people: new Map(), marks: new Map(), isLoading: false, isReadBack: false, held: [] });

/** @param {any} part the snapshot's chat @param {Record<string, {delivered: number, read: number}>} [marks] by participant */
export function fromSnapshot(part, marks) {
  return {
    ...empty(),
    messages: [...(part?.messages ?? [])].sort((a, b) => a.seq - b.seq),
    more: part?.more ?? false,
    pinned: part?.pinned ?? [],
    people: new Map(Object.entries(part?.people ?? {})),
    marks: new Map(Object.entries(marks ?? {})),
  };
}

/** Older messages, from the server's past; what was said about them meanwhile is added. */
export function addOlder(store, messages, more) {
  const { chat } = store;
  const known = new Set(chat.messages.map((one) => one.message_id));
  const added = messages.filter((one) => !known.has(one.message_id));
  chat.messages.unshift(...added);
  chat.more = more;
  for (const frame of chat.held.splice(0)) CHANGES[frame.type](find(chat, frame.data.message_id) ?? {}, frame);
  store.emit("older", { added });
}

export const find = (chat, id) => chat.messages.find((one) => one.message_id === id);

const CHANGES = {
  "chat.edited": (message, { data, at }) => revision.edited(message, data, at),
  "chat.deleted": (message, { at }) => revision.deleted(message, at),
  "chat.reacted": (message, { data }) => revision.reacted(message, data),
};

const changed = (store, frame) => {
  const { chat } = store;
  const { message_id: id } = frame.data;
  const message = find(chat, id);
  if (message) CHANGES[frame.type](message, frame);
  else if (chat.isLoading && chat.held.length < CHANGES_HELD) chat.held.push(frame);
  const pinned = chat.pinned.find((one) => one.message_id === id);
  if (pinned && pinned !== message) CHANGES[frame.type](pinned, frame);
  if (frame.type === "chat.deleted") unpin(chat, id);
  if (message) store.emit("message", { message });
  if (pinned) store.emit("pinned", {});
};

function unpin(chat, id) {
  chat.pinned = chat.pinned.filter((one) => one.message_id !== id);
}

const pinChanged = (store, { data }) => {
  unpin(store.chat, data.message_id);
  if (data.message) store.chat.pinned.push(data.message);
  const message = find(store.chat, data.message_id);
  if (message) store.emit("message", { message });
  store.emit("pinned", {});
};

export const events = {
  "chat.sent": (store, { data, seq, at, by }) => {
    const message = { ...data, seq, at, by };
    const { messages, isReadBack } = store.chat;
    const most = isReadBack ? KEPT_BACK : KEPT;
    messages.push(message);
    if (messages.length > most) store.chat.more = messages.splice(0, messages.length - most).length > 0;
    stopTyping(store, by);
    store.emit("chat", { message });
  },
  "chat.edited": changed,
  "chat.deleted": changed,
  "chat.reacted": changed,
  "chat.pinned": pinChanged,
  "chat.unpinned": pinChanged,
  "chat.marked": (store, { data }) => {
    store.chat.marks.set(data.participant, { delivered: data.delivered, read: data.read });
    store.emit("marks", {});
  },
  "participant.erased": (store, { data }) => {
    const gone = new Set(data.participants);
    const { messages, pinned } = store.chat;
    for (const message of [...messages, ...pinned]) {
      if (gone.has(message.by)) Object.assign(message, { name: "erased", text: "", ciphertext: undefined, files: undefined, enclosed: undefined, mentions: undefined });
      for (const one of message.reactions ?? []) one.by = one.by.filter((id) => !gone.has(id));
      message.reactions = message.reactions?.filter((one) => one.by.length > 0);
    }
    store.emit("chat", { isReset: true });
  },
  "room.expired": (store, { data: { until } }) => {
    const { chat } = store;
    const [messages, pinned] = [chat.messages, chat.pinned].map((all) => all.filter((one) => one.seq > until));
    store.room.expired_until = until;
    if (pinned.length < chat.pinned.length) {
      chat.pinned = pinned;
      store.emit("pinned", {});
    }
    if (messages.length === chat.messages.length) return; // whoever reads goes on
    Object.assign(chat, { messages, more: false });
    store.emit("chat", { isReset: true });
  },
  "chat.typing": (store, { data, by }) => {
    if (!data.on) return void stopTyping(store, by);
    clearTimeout(store.chat.typing.get(by));
    // Whoever drops out while writing never says that they stopped.
    store.chat.typing.set(by, setTimeout(() => stopTyping(store, by), TYPING_LIFE_MS));
    store.emit("typing", {});
  },
};

/** Somebody with an account has left: they can be written to all the same. */
export function rememberGone(store, { id, name, user }) {
  if (user) store.chat.people.set(id, { name, user });
}

function stopTyping(store, by) {
  const { typing } = store.chat;
  clearTimeout(typing.get(by));
  if (typing.delete(by)) store.emit("typing", {});
}
