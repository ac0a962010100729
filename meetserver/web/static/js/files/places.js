/** Where uploads go on that an earlier load of this page began, found again by a mark that tells nothing of the file. */
import { keep, recall } from "../ui/storage.js";

const UPLOADS = "meet.uploads";
const LIFE_MS = 24 * 60 * 60 * 1000; // as long as the server keeps them
const MOST = 50;

/** Two hashes of 32 bits (FNV-1a): enough to tell the few files from each other that somebody adds within a day. */
function markOf(meeting, { name, size, lastModified }) {
  const text = new TextEncoder().encode([meeting, name, size, lastModified].join("|"));
  const hash = (start) => text.reduce((sum, byte) => Math.imul(sum ^ byte, 16777619), start) >>> 0;
  return `${hash(2166136261)}-${hash(84696351)}`;
}

function known() {
  const found = Object.entries(recall(localStorage, UPLOADS) ?? {}).filter(([, { at }]) => Date.now() - at < LIFE_MS);
  return new Map(found.slice(-MOST));
}

const save = (places) => keep(localStorage, UPLOADS, JSON.stringify(Object.fromEntries(places)));

export const recallPlace = (meeting, file) => known().get(markOf(meeting, file))?.place ?? null;

export function keepPlace(meeting, file, place) {
  save(known().set(markOf(meeting, file), { place, at: Date.now() }));
}

export function forgetPlace(meeting, file) {
  const places = known();
  if (places.delete(markOf(meeting, file))) save(places);
}
