/** The HTTP API: one function a call. Errors are ApiError with the server's stable code. */

const BASE = "/api/v1";
let csrfToken = null;

export class ApiError extends Error {
  /** @param {string} code @param {string} detail @param {number} status */
  constructor(code, detail, status) {
    super(detail || code);
    this.code = code;
    this.detail = detail;
    this.status = status;
  }
}

async function call(method, path, { body, headers = {} } = {}) {
  const isChange = method !== "GET";
  let response;
  try {
    response = await fetch(path.startsWith("/") && !path.startsWith("/api") ? BASE + path : path, {
      method,
      credentials: "same-origin",
      headers: {
        Accept: "application/json",
        ...(body === undefined ? {} : { "Content-Type": "application/json" }),
        ...(isChange && csrfToken ? { "X-CSRF-Token": csrfToken } : {}),
        ...headers,
      },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch {
    throw new ApiError("offline", "", 0);
  }
  const answer = await read(response);
  if (!response.ok) throw new ApiError(answer?.code ?? codeOf(response.status), answer?.detail ?? "", response.status);
  return answer;
}

async function read(response) {
  try {
    return response.status === 204 ? null : await response.json();
  } catch {
    return null;
  }
}

function codeOf(status) {
  return { 401: "unauthenticated", 403: "forbidden", 404: "not_found", 429: "rate_limited", 503: "unavailable" }[status] ?? "internal";
}

const segment = encodeURIComponent;
/** The same key on a retry makes a POST safe to send twice. */
const once = () => ({ "Idempotency-Key": randomKey() });

function randomKey() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

export const register = (email, password, name) => call("POST", "/auth/register", { body: { email, password, name } });
export const verify = (token) => call("POST", "/auth/verify", { body: { token } });

/** Sign in with a cookie that scripts cannot read. @returns {Promise<{id: string, name: string, email: string}>} */
export async function login(email, password) {
  const answer = await call("POST", "/auth/login", { body: { email, password, cookie: true } });
  csrfToken = answer.csrf_token;
  return answer.user;
}

/** Who the cookie says we are, or null. */
export async function whoAmI() {
  try {
    const answer = await call("GET", "/auth/csrf");
    csrfToken = answer?.csrf_token ?? null;
    return answer?.user ?? null;
  } catch (error) {
    if (error.status === 401) return null;
    throw error;
  }
}

export async function logout() {
  await call("POST", "/auth/logout", { body: {} });
  csrfToken = null;
}

export const createMeeting = (title) => call("POST", "/meetings", { body: { title }, headers: once() });
export const listMeetings = (cursor) => call("GET", `/meetings${cursor ? `?cursor=${segment(cursor)}` : ""}`);
export const deleteMeeting = (id) => call("DELETE", `/meetings/${segment(id)}`);
export const door = (id) => call("GET", `/meetings/${segment(id)}/door`);
/** @returns {Promise<{ticket: string, ws_url: string, room_id: string, ice_servers: RTCIceServer[], media: any}>} */
export const join = (id, name, passcode) => call("POST", `/meetings/${segment(id)}/join`, { body: { ...(name ? { name } : {}), ...(passcode ? { passcode } : {}) } });
/** A part of a snapshot that was too big for the socket; only this server's own address gets the token. */
export function snapshotPart(href, resumeToken) {
  const url = new URL(href, location.href);
  return call("GET", url.pathname + url.search, { headers: { Authorization: `Session ${resumeToken}` } });
}
