/**
 * The steps of docs/e2ee.md in WebCrypto, each without memory of the others. What may be done how often with a key
 * is sender.js's affair; whose key it is, receiver.js's.
 */
import { context, fromText, joined, random, toText } from "./bytes.js";

const CURVE = { name: "ECDH", namedCurve: "P-256" };
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const COUNTER_BYTES = 8;
const PAD_BYTES = 64;
const CODE_GROUPS = 8;

/** @typedef {{participant: string, identity: string}} Party */

/** Whether the page may use cryptography: browsers have it only on pages that came over https, or from this machine. */
export const isAvailable = () => Boolean(globalThis.crypto?.subtle);

/** @returns {Promise<{privateKey: CryptoKey, identity: string}>} the private key cannot be taken out of the browser */
export async function makeIdentity() {
  const { privateKey, publicKey } = await crypto.subtle.generateKey(CURVE, false, ["deriveBits"]);
  return { privateKey, identity: toText(new Uint8Array(await crypto.subtle.exportKey("raw", publicKey))) };
}

export const newKeyId = () => toText(random(16));
export const newSenderKey = () => random(KEY_BYTES);

/** @param {Uint8Array} bytes @param {"encrypt"|"decrypt"} use */
export const importSenderKey = (bytes, use) => crypto.subtle.importKey("raw", bytes, "AES-GCM", false, [use]);

async function wrapping({ privateKey, other, room, sender, receiver, keyId }) {
  const bound = context("meet-e2ee-v1 wrap", room, sender.participant, receiver.participant, sender.identity, receiver.identity, keyId);
  const publicKey = await crypto.subtle.importKey("raw", fromText(other), CURVE, false, []);
  const shared = await crypto.subtle.deriveBits({ name: "ECDH", public: publicKey }, privateKey, 8 * KEY_BYTES);
  const seed = await crypto.subtle.importKey("raw", shared, "HKDF", false, ["deriveKey"]);
  const how = { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(), info: bound };
  return { bound, key: await crypto.subtle.deriveKey(how, seed, { name: "AES-GCM", length: 8 * KEY_BYTES }, false, ["encrypt", "decrypt"]) };
}

/** @param {{privateKey: CryptoKey, room: string, sender: Party, receiver: Party, keyId: string, key: Uint8Array, nonce?: Uint8Array}} what `privateKey` is the sender's */
export async function wrap({ key, nonce = random(NONCE_BYTES), ...who }) {
  const { key: wrapKey, bound } = await wrapping({ ...who, other: who.receiver.identity });
  const sealed = await crypto.subtle.encrypt({ name: "AES-GCM", iv: nonce, additionalData: bound }, wrapKey, key);
  return toText(joined(nonce, new Uint8Array(sealed)));
}

/** @param {{privateKey: CryptoKey, room: string, sender: Party, receiver: Party, keyId: string, wrapped: string}} what `privateKey` is the receiver's @returns {Promise<CryptoKey>} for reading only */
export async function unwrap({ wrapped, ...who }) {
  const { key: wrapKey, bound } = await wrapping({ ...who, other: who.sender.identity });
  const bytes = fromText(wrapped);
  const how = { name: "AES-GCM", iv: bytes.subarray(0, NONCE_BYTES), additionalData: bound };
  const key = new Uint8Array(await crypto.subtle.decrypt(how, wrapKey, bytes.subarray(NONCE_BYTES)));
  return importSenderKey(key, "decrypt").finally(() => key.fill(0));
}

function place({ room, sender, keyId, counter, kind, about }, counted) {
  const bound = context("meet-e2ee-v1 message", room, sender, keyId, String(counter), kind, about);
  return { name: "AES-GCM", iv: joined(new Uint8Array(NONCE_BYTES - COUNTER_BYTES), counted), additionalData: bound };
}

/** @param {{key: CryptoKey, room: string, sender: string, keyId: string, counter: number, kind: "send"|"edit", about: string, content: any}} what */
export async function seal({ key, content, ...where }) {
  const counted = new Uint8Array(COUNTER_BYTES);
  new DataView(counted.buffer).setBigUint64(0, BigInt(where.counter));
  return toText(joined(counted, new Uint8Array(await crypto.subtle.encrypt(place(where, counted), key, padded(content)))));
}

/** Throws for what was sealed for another place, or with another key. @returns {Promise<{content: any, counter: string}>} */
export async function open({ key, sealed, ...where }) {
  const bytes = fromText(sealed);
  const counted = bytes.slice(0, COUNTER_BYTES);
  const counter = String(new DataView(counted.buffer).getBigUint64(0));
  const opened = await crypto.subtle.decrypt(place({ ...where, counter }, counted), key, bytes.subarray(COUNTER_BYTES));
  return { content: JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(opened)), counter };
}

function padded(content) {
  const text = JSON.stringify(content);
  const { length } = new TextEncoder().encode(text);
  return new TextEncoder().encode(text + " ".repeat((PAD_BYTES - (length % PAD_BYTES)) % PAD_BYTES));
}

/** @param {string} room @param {{participant: string, name: string, identity: string}[]} members @returns {Promise<string>} digits in groups, the same for all who were told of the same people */
export async function safetyCode(room, members) {
  const inOrder = [...members].sort((one, other) => (one.participant < other.participant ? -1 : 1));
  const parts = inOrder.flatMap(({ participant, name, identity }) => [participant, name, identity]);
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-512", context("meet-e2ee-v1 safety", room, ...parts)));
  const groups = Array.from({ length: CODE_GROUPS }, (_, at) => digest.subarray(5 * at, 5 * at + 5).reduce((sum, byte) => sum * 256 + byte, 0) % 100_000);
  return groups.map((group) => String(group).padStart(5, "0")).join(" ");
}
