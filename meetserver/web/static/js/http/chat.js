/** The HTTP API of chats' past: one function a call. `headers` say who asks, where the cookie does not. */
import { call, reach, segment } from "./api.js";

const at = (meeting, rest, query = {}) => `/meetings/${segment(meeting)}/${rest}?${new URLSearchParams(query)}`;

/** @returns {Promise<{items: any[], next: string|null}>} rising by seq; with `q` also `index` */
export const listMessages = (meeting, query, headers) => call("GET", at(meeting, "messages", query), { headers });

/** @param {"json"|"html"|"text"} format @returns {Promise<Blob>} */
export async function exportedChat(meeting, format, headers) {
  return (await reach("GET", at(meeting, "messages/export", { format }), { headers, as: "blob" })).blob();
}

/** The newest of these types, before a seq. @param {string[]} types */
export const newestEvents = (meeting, { types, before, limit }, headers) => call("GET", at(meeting, "events", { types: types.join(","), before, limit }), { headers });

/** Of one's own meetings, by the same pages as `listMeetings`. */
export const listUnread = (cursor) => call("GET", `/users/me/unread${cursor ? `?cursor=${segment(cursor)}` : ""}`);
