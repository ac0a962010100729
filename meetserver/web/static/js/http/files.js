/** The HTTP API of a meeting's files: one function a call. `headers` say who asks, where the cookie does not. */
import { call, reach, segment } from "./api.js";

const at = (id, ...rest) => ["/files", segment(id), ...rest].join("/");

/** @returns {Promise<{items: any[], next: string|null}>} newest first */
export const listFiles = (meeting, { limit, cursor }, headers) => call("GET", `/meetings/${segment(meeting)}/files?limit=${limit}${cursor ? `&cursor=${segment(cursor)}` : ""}`, { headers });
export const deleteFile = (id, headers) => call("DELETE", at(id), { headers });

/** An address for what cannot send headers, as a picture or a download; good for a while. On this page's own host. */
export async function linkTo(id, headers) {
  const { url } = await call("POST", at(id, "link"), { headers });
  return new URL(url, location.href).pathname;
}

export const aboutFile = (id, headers) => call("GET", at(id), { headers });

/** @returns {Promise<boolean>} */
export const fileIsThere = (id, headers) =>
  aboutFile(id, headers).then(Boolean, (error) => {
    if (error.status === 404) return false;
    throw error;
  });

/** @param {number} px one of the sizes in docs/limits.md @returns {Promise<Blob>} */
export async function thumbnail(id, px, headers) {
  return (await reach("GET", `${at(id, "thumbnail")}?px=${px}`, { headers })).blob();
}

/** @returns {Promise<Blob>} */
export async function original(id, headers) {
  return (await reach("GET", at(id, "content"), { headers })).blob();
}

/** Its first bytes, as text; a character that was cut in two is left out. */
export async function textOf(id, bytes, headers) {
  const answer = await reach("GET", at(id, "content"), { headers: { ...headers, Range: `bytes=0-${bytes - 1}` } });
  return new TextDecoder().decode(await answer.arrayBuffer(), { stream: true });
}
