/** The conversation: messages by seq, who is writing. */

const KEPT = 2000; // older ones are on the server; a page must not grow for days
const TYPING_LIFE_MS = 6000;

export const empty = () => ({ messages: [], more: false, typing: new Map() });

export function fromSnapshot(part) {
  return { ...empty(), messages: [...(part?.messages ?? [])].sort((a, b) => a.seq - b.seq), more: part?.more ?? false };
}

export const events = {
  "chat.sent": (store, { data, seq, at, by }) => {
    const message = { ...data, seq, at, by };
    const { messages } = store.chat;
    messages.push(message);
    if (messages.length > KEPT) messages.splice(0, messages.length - KEPT);
    stopTyping(store, by);
    store.emit("chat", { message });
  },
  "participant.erased": (store, { data }) => {
    const gone = new Set(data.participants);
    for (const message of store.chat.messages) {
      if (gone.has(message.by)) Object.assign(message, { name: "erased", text: "", ciphertext: undefined });
    }
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

function stopTyping(store, by) {
  const { typing } = store.chat;
  clearTimeout(typing.get(by));
  if (typing.delete(by)) store.emit("typing", {});
}
