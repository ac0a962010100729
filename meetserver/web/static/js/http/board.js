/** The HTTP API of a meeting's whiteboard and of its past; with the token of the room's session, which guests have, too. */
import { call, segment } from "./api.js";

/** @param {{meeting: string, session: any}} parts */
const get = ({ meeting, session }, rest, options = {}) => call("GET", `/meetings/${segment(meeting)}/${rest}`, { headers: { Authorization: `Session ${session.resumeToken}` }, ...options });

/** @param {"svg" | "png" | "pdf"} ending @param {Record<string, string>} query @returns {Promise<Blob>} */
export const boardPicture = (parts, ending, query = {}) => get(parts, `whiteboard.${ending}?${new URLSearchParams(query)}`, { as: "blob" });

/** As it was after this entry of the log. */
export const boardAt = (parts, seq) => get(parts, `whiteboard?at=${seq}`);
export const eventsAfter = (parts, seq, limit) => get(parts, `events?after=${seq}&limit=${limit}`);

/** @param {File} file @returns {Promise<{page: string, elements: number, unknown: Record<string, number>, broken: number, images: number}>} */
export function importDrawing({ meeting, session }, file) {
  const body = new FormData();
  body.append("file", file);
  return call("POST", `/meetings/${segment(meeting)}/whiteboard/import`, { body, headers: { Authorization: `Session ${session.resumeToken}` } });
}
