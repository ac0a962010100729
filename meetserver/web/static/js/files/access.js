/** As whom somebody sees a meeting's files: in the room, or outside of it with their account. */
import { account } from "../accounts/session.js";

/**
 * @typedef {object} Access
 * @property {string} meeting
 * @property {() => Record<string, string>} headers that say who asks, where the cookie does not
 * @property {() => boolean} mayBring
 * @property {(file: any) => boolean} mayDelete
 * @property {(file: any) => any} known the file as who looks knows it: of an encrypted chat the server has bytes alone, and what its message says of it is `sealed`
 * @property {(file: any) => string} whoBrought guests have their names in the room alone, as long as they are there
 */

/** With the account, where the room knows the account; a guest's session of the room is the guest. @returns {Access} */
export function accessInside({ meeting, store, session, bag }) {
  const names = new Map(); // of guests, also of those who have left
  bag.add(
    store.on("participants", () => {
      for (const { id, name } of store.participants.values()) names.set(id, name);
    }),
  );
  const isOwn = (file) => [store.self.participant, store.me?.user].includes(file.uploaded_by);
  const sealedOf = (id) => [...store.chat.messages, ...store.chat.pinned].flatMap(({ enclosed }) => enclosed ?? []).find((one) => one.id === id);
  const known = (file) => {
    const sealed = store.room.settings.e2ee && sealedOf(file.id);
    return sealed ? { ...file, name: sealed.name, media_type: sealed.media_type, size_bytes: sealed.size_bytes, sealed } : file;
  };
  return {
    meeting,
    known,
    headers: () => (store.me?.user ? {} : { Authorization: `Session ${session.resumeToken}` }),
    mayBring: () => Boolean(store.me) && store.me.role !== "viewer",
    mayDelete: (file) => store.isModerator || isOwn(file),
    whoBrought: (file) => (isOwn(file) ? "you" : (file.uploader_name ?? names.get(file.uploaded_by) ?? "a guest")),
  };
}

/** Of who may change the meeting. @returns {Access} */
export function accessOutside(meeting) {
  return {
    meeting,
    known: (file) => file,
    headers: () => ({}),
    mayBring: () => true,
    mayDelete: () => true,
    whoBrought: (file) => (file.uploaded_by === account.user?.id ? "you" : (file.uploader_name ?? "a guest")),
  };
}
