/**
 * Files of an encrypted chat: the server gets bytes without a name, and the message, which it cannot read, says what
 * they are and has their key.
 */
import { openFile, padded, pictureText, sealFile, unpadded } from "../e2ee/files.js";
import { original } from "../http/files.js";

const MOST_BYTES = 512 * 1024 * 1024;
const PICTURE_PX = 240;
const SHOWN = new Set(["image/png", "image/jpeg", "image/gif", "image/webp"]); // no browser runs what is in these

export const isShown = (file) => SHOWN.has(file.media_type);
export const isTooLarge = (file) => file.size > MOST_BYTES;

/** @param {File} file @param {string} room @returns {Promise<{sealed: File, about: any}>} what goes to the server, and what only the message says */
export async function sealed(file, room) {
  const { key, pieces } = await sealFile(padded(file), room);
  const about = { key, name: file.name, media_type: file.type || "application/octet-stream", size_bytes: file.size, ...(SHOWN.has(file.type) && (await pictured(file))) };
  return { sealed: new File(pieces, "encrypted", { type: "application/octet-stream" }), about };
}

/** @param {{id: string, key: string, media_type: string}} file as its message has it @param {string} room */
export async function opened(file, room, headers) {
  const whole = await openFile(await original(file.id, headers), room, file.key, isShown(file) ? file.media_type : undefined);
  return unpadded(whole, file);
}

/** A picture's size, and a small one of it. */
async function pictured(file) {
  try {
    const bitmap = await createImageBitmap(file);
    const scale = Math.min(1, PICTURE_PX / Math.max(bitmap.width, bitmap.height));
    const canvas = new OffscreenCanvas(Math.max(1, Math.round(bitmap.width * scale)), Math.max(1, Math.round(bitmap.height * scale)));
    canvas.getContext("2d").drawImage(bitmap, 0, 0, canvas.width, canvas.height);
    const { width, height } = bitmap;
    bitmap.close();
    const thumbnail = await pictureText(await canvas.convertToBlob({ type: "image/webp", quality: 0.6 }));
    return { width, height, ...(thumbnail && { thumbnail }) };
  } catch {
    return {}; // no picture that this browser knows: a file like others
  }
}
