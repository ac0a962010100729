/** What a message is after something was said about it: as the server folds it. Messages are changed in place. */

export function edited(message, { text, ciphertext, key_id, unreadable, enclosed }, at) {
  Object.assign(message, { text, ciphertext, key_id, unreadable, enclosed, edited_at: at });
}

export function deleted(message, at) {
  Object.assign(message, { text: "", ciphertext: undefined, unreadable: undefined, files: undefined, enclosed: undefined, mentions: undefined, reactions: [], edited_at: undefined, deleted_at: at });
}

export function reacted(message, { emoji, on, participant }) {
  const byEmoji = new Map((message.reactions ?? []).map((one) => [one.emoji, one.by]));
  const others = (byEmoji.get(emoji) ?? []).filter((id) => id !== participant);
  const after = on ? [...others, participant] : others;
  if (after.length > 0) byEmoji.set(emoji, after);
  else byEmoji.delete(emoji);
  message.reactions = [...byEmoji].sort(([a], [b]) => (a < b ? -1 : 1)).map(([one, by]) => ({ emoji: one, by }));
}
