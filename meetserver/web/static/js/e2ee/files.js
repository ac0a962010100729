/** A file's content, sealed before it leaves the page and opened when it is back (docs/e2ee.md, "Files"). */
import { context, fromText, random, toText } from "./bytes.js";

const CHUNK_BYTES = 1024 * 1024;
const TAG_BYTES = 16;
const KEY_BYTES = 32;
const PICTURE_CHARS = 8_000;
const LEAST_BYTES = 256;
const MOST = 20; // docs/limits.md, CHAT_FILES

function place(room, number, isLast) {
  const counted = new Uint8Array(12);
  new DataView(counted.buffer).setBigUint64(4, BigInt(number));
  return { name: "AES-GCM", iv: counted, additionalData: context("meet-e2ee-v1 file", room, String(number), isLast ? "last" : "more") };
}

const imported = (bytes, use) => crypto.subtle.importKey("raw", bytes, "AES-GCM", false, [use]);

/** Each piece of a blob through `change`, one at a time: a large file is never whole in memory. */
async function changed(blob, pieceBytes, change) {
  const count = Math.max(1, Math.ceil(blob.size / pieceBytes));
  const pieces = [];
  for (let number = 0; number < count; number += 1) {
    const piece = await blob.slice(number * pieceBytes, (number + 1) * pieceBytes).arrayBuffer();
    pieces.push(new Blob([await change(piece, number, number === count - 1)]));
  }
  return pieces;
}

/**
 * Under a key of its own.
 * @param {Blob} blob @param {string} room @param {Uint8Array} [bytes] the key, where it is not made anew
 * @returns {Promise<{key: string, pieces: Blob[]}>}
 */
export async function sealFile(blob, room, bytes = random(KEY_BYTES)) {
  const key = await imported(bytes, "encrypt");
  const pieces = await changed(blob, CHUNK_BYTES, (piece, number, isLast) => crypto.subtle.encrypt(place(room, number, isLast), key, piece));
  return { key: toText(bytes), pieces };
}

/** Throws for what is not whole, or not what was sealed. @param {Blob} blob @param {string} room @param {string} key @param {string} [type] */
export async function openFile(blob, room, key, type = "application/octet-stream") {
  const opening = await imported(fromText(key), "decrypt");
  const pieces = await changed(blob, CHUNK_BYTES + TAG_BYTES, (piece, number, isLast) => crypto.subtle.decrypt(place(room, number, isLast), opening, piece));
  return new Blob(pieces, { type });
}

/** To how many bytes a content grows before it is sealed, so that its size says less of what it is (PADMÉ): less than a sixteenth more, but for the smallest. @param {number} size below 4 GiB */
export function paddedSize(size) {
  if (size <= LEAST_BYTES) return size && LEAST_BYTES;
  const exponent = 31 - Math.clz32(size);
  const unit = 2 ** (exponent - (32 - Math.clz32(exponent)));
  return Math.ceil(size / unit) * unit;
}

/** @param {Blob} blob */
export const padded = (blob) => new Blob([blob, new Uint8Array(paddedSize(blob.size) - blob.size)]);

/** Without what was added: what its message says of its size. Others do not add. @param {Blob} blob @param {{size_bytes: number}} told */
export const unpadded = (blob, { size_bytes: size }) => (size > 0 && size < blob.size ? blob.slice(0, size, blob.type) : blob);

/** A small picture, as a message carries it; null: it is too large for that. */
export async function pictureText(blob) {
  const text = toText(new Uint8Array(await blob.arrayBuffer()));
  return text.length <= PICTURE_CHARS ? text : null;
}

export const pictureBlob = (text) => new Blob([fromText(text)], { type: "image/webp" });

/** What a message says of its files, as far as it is what it must be; anything may stand in it. @param {any} told */
export function sound(told) {
  if (!Array.isArray(told)) return undefined;
  const texts = ["id", "key", "name", "media_type"];
  const isSound = (one) => one && texts.every((name) => typeof one[name] === "string") && /^[A-Za-z0-9]{1,64}$/.test(one.id);
  const number = (value) => (Number.isSafeInteger(value) && value >= 0 ? value : undefined);
  return told.filter(isSound).slice(0, MOST).map(({ id, key, name, media_type, size_bytes, width, height, thumbnail }) => ({
    id,
    key,
    name: name.slice(0, 200),
    media_type: media_type.slice(0, 100),
    size_bytes: number(size_bytes) ?? 0,
    width: number(width),
    height: number(height),
    thumbnail: typeof thumbnail === "string" ? thumbnail.slice(0, PICTURE_CHARS) : undefined,
  }));
}
