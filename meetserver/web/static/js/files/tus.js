/**
 * The requests of tus 1.0.0 (https://tus.io/protocols/resumable-upload), by which a file comes in parts and goes on
 * where it broke off. By XMLHttpRequest, as fetch does not tell how much has been sent.
 */
import { ApiError, proof, refusal } from "../http/api.js";

const VERSION = "1.0.0";
const START = "/api/v1/files/uploads";
const SILENCE_MS = 30_000;
const ANSWER_MS = 180_000; // pictures are made anew, and files scanned, before the last answer

/** @typedef {{headers: () => Record<string, string>, signal: AbortSignal, onSent?: (bytes: number) => void, isForChat?: boolean}} How */

/** @returns {Promise<{place: string, isWhole: boolean}>} where the upload goes on; whole is a file without a byte */
export async function begin(file, meeting, how) {
  const told = { meeting, filename: file.name, filetype: file.type, ...(how.isForChat && { for_chat: "true" }) };
  const answer = await ask("POST", START, { ...how, more: { "Upload-Length": file.size, "Upload-Metadata": Object.entries(told).map(([name, value]) => `${name} ${base64(value)}`).join(",") } });
  return { place: answer("Location"), isWhole: answer("Meet-File-Id") !== null };
}

/** How many bytes are there; what is all there becomes whole by being asked for. @returns {Promise<{offset: number, isWhole: boolean}>} */
export async function look(place, how) {
  const answer = await ask("HEAD", place, how);
  return { offset: Number(answer("Upload-Offset")), isWhole: answer("Meet-File-Id") !== null };
}

/** @returns {Promise<{offset: number, isWhole: boolean}>} */
export async function append(place, offset, part, how) {
  const answer = await ask("PATCH", place, { ...how, body: part, more: { "Content-Type": "application/offset+octet-stream", "Upload-Offset": offset } });
  return { offset: Number(answer("Upload-Offset")), isWhole: answer("Meet-File-Id") !== null };
}

export const end = (place, how) => ask("DELETE", place, how);

/** @returns {Promise<(header: string) => string|null>} */
function ask(method, address, { headers, signal, onSent, body, more = {} }) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    let timer;
    const expectWithin = (ms) => (clearTimeout(timer), (timer = setTimeout(() => request.abort(), ms)));
    const abort = () => request.abort();
    request.open(method, address);
    for (const [name, value] of Object.entries({ "Tus-Resumable": VERSION, ...proof(), ...headers(), ...more })) request.setRequestHeader(name, value);
    if (body) request.upload.addEventListener("progress", ({ loaded }) => (onSent?.(loaded), expectWithin(loaded < body.size ? SILENCE_MS : ANSWER_MS)));
    request.addEventListener("loadend", () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", abort);
      if (request.status === 0) reject(new ApiError("offline", "", 0));
      else if (request.status >= 400) reject(refusal(request.status, problemIn(request.responseText)));
      else resolve((name) => request.getResponseHeader(name));
    });
    signal.addEventListener("abort", abort);
    expectWithin(SILENCE_MS);
    request.send(body);
  });
}

function problemIn(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function base64(text) {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text)));
}
