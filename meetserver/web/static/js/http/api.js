/** The HTTP API: one function a call. Errors are ApiError with the server's stable code. */

const BASE = "/api/v1";
let csrfToken = null;

export class ApiError extends Error {
  /** @param {string} code @param {string} detail @param {number} status @param {number} [retryAfterS] */
  constructor(code, detail, status, retryAfterS) {
    super(detail || code);
    this.code = code;
    this.detail = detail;
    this.status = status;
    this.retryAfterS = retryAfterS;
  }
}

/** What is asked of the page: `confirm` that it is still the same person (resolves to whether), `signedOut` after a 401. */
const asked = { confirm: async () => false, signedOut: () => {} };

/** @param {{confirm?: () => Promise<boolean>, signedOut?: () => void}} how */
export function whenAsked(how) {
  Object.assign(asked, how);
}

export async function call(method, path, options) {
  return (await exchange(method, path, options)).answer;
}

/** As `call`, with the answer's ETag, for If-Match. A call that needs confirmation waits for it and is then repeated. */
export async function exchange(method, path, options) {
  try {
    return await send(method, path, options);
  } catch (error) {
    if (error.status === 401 && csrfToken) asked.signedOut();
    if (error.code !== "confirm_first") throw error;
  }
  if (!(await asked.confirm())) throw new ApiError("cancelled", "", 0);
  return send(method, path, options);
}

/** `as`: what a good answer is read as. */
async function send(method, path, { as = "json", ...options } = {}) {
  const response = await reach(method, path, { ...options, as });
  return { answer: await read(response, as), etag: response.headers.get("ETag") };
}

/** The answer as it came. A body that is a form is sent as one. @returns {Promise<Response>} what is not ok is thrown as ApiError */
export async function reach(method, path, { body, headers = {}, as = "json" } = {}) {
  const isForm = body instanceof FormData;
  let response;
  try {
    response = await fetch(path.startsWith("/") && !path.startsWith("/api") ? BASE + path : path, {
      method,
      credentials: "same-origin",
      headers: {
        Accept: as === "json" ? "application/json" : "*/*",
        ...(body === undefined || isForm ? {} : { "Content-Type": "application/json" }),
        ...(method === "GET" ? {} : proof()),
        ...headers,
      },
      body: body === undefined || isForm ? body : JSON.stringify(body),
    });
  } catch {
    throw new ApiError("offline", "", 0);
  }
  if (!response.ok) throw refusal(response.status, await read(response, "json"));
  return response;
}

/** What a change says beside the cookie: that our own page asks for it. */
export const proof = () => (csrfToken ? { "X-CSRF-Token": csrfToken } : {});

/** @param {number} status @param {any} problem the answer's body, or null where it is none of ours */
export function refusal(status, problem) {
  return new ApiError(problem?.code ?? codeOf(status), problem?.detail ?? "", status, problem?.retry_after_s);
}

/** @param {"json" | "blob"} as */
async function read(response, as) {
  try {
    return response.status === 204 ? null : await response[as]();
  } catch {
    return null;
  }
}

function codeOf(status) {
  return { 401: "unauthenticated", 403: "forbidden", 404: "not_found", 429: "rate_limited", 503: "unavailable" }[status] ?? "internal";
}

export const segment = encodeURIComponent;
/** The same key on a retry makes a POST safe to send twice. */
export const once = () => ({ "Idempotency-Key": randomKey() });

function randomKey() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The token that goes with the cookie session; null: nobody is signed in. */
export function useCsrfToken(token) {
  csrfToken = token;
}
