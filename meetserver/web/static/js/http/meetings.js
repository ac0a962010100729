/** The HTTP API of meetings and their doors: one function a call. */
import { call, once, segment } from "./api.js";

const at = (id, ...rest) => ["/meetings", segment(id), ...rest.map(segment)].join("/");
const page = (cursor) => (cursor ? `?cursor=${segment(cursor)}` : "");

/** @param {{title: string, settings?: any}} wish */
export const createMeeting = (wish) => call("POST", "/meetings", { body: wish, headers: once() });
export const listMeetings = (cursor) => call("GET", `/meetings${page(cursor)}`);
export const readMeeting = (id) => call("GET", at(id));
/** @param {number} version what the change was made from: another one meanwhile is refused (412) */
export const updateMeeting = (id, patch, version) => call("PATCH", at(id), { body: patch, headers: { "If-Match": `"${version}"` } });
export const deleteMeeting = (id) => call("DELETE", at(id));

export const door = (id) => call("GET", at(id, "door"));
/**
 * @param {{name?: string, passcode?: string, link?: string}} wish
 * @returns {Promise<{ticket: string, ws_url: string, room_id: string, ice_servers: RTCIceServer[], media: any}>}
 */
export const join = (id, wish) => call("POST", at(id, "join"), { body: Object.fromEntries(Object.entries(wish).filter(([, value]) => value)) });

export const listLinks = (id, cursor) => call("GET", at(id, "links") + page(cursor));
export const createLink = (id, wish) => call("POST", at(id, "links"), { body: wish, headers: once() });
export const revokeLink = (id, link) => call("DELETE", at(id, "links", link));

export const listInvitees = (id, cursor) => call("GET", at(id, "invitees") + page(cursor));
export const invite = (id, wish) => call("POST", at(id, "invitees"), { body: wish, headers: once() });
export const changeInvitee = (id, invitee, patch) => call("PATCH", at(id, "invitees", invitee), { body: patch });
export const uninvite = (id, invitee) => call("DELETE", at(id, "invitees", invitee));

export const listBans = (id) => call("GET", at(id, "bans"));
export const liftBan = (id, ban) => call("DELETE", at(id, "bans", ban));

/** A part of a snapshot that was too big for the socket, and as of which seq; only this server's own address gets the token. @returns {Promise<{seq: number, snapshot: any}>} */
export function snapshotPart(href, resumeToken) {
  const url = new URL(href, location.href);
  return call("GET", url.pathname + url.search, { headers: { Authorization: `Session ${resumeToken}` } });
}
