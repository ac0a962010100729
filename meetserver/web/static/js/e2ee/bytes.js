/** Bytes as docs/e2ee.md writes them: base64url, and lists of texts that look like no other list. */

const utf8 = new TextEncoder();

/** @param {Uint8Array} bytes */
export function toText(bytes) {
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** Throws for what is no base64url. @param {string} text */
export function fromText(text) {
  return Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (char) => char.charCodeAt(0));
}

/** @param {...Uint8Array} parts */
export function joined(...parts) {
  const whole = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Each part after its length in two bytes. @param {...string} parts */
export function context(...parts) {
  return joined(
    ...parts.flatMap((part) => {
      const bytes = utf8.encode(part);
      return [Uint8Array.of(bytes.length >> 8, bytes.length & 255), bytes];
    }),
  );
}

export const random = (size) => crypto.getRandomValues(new Uint8Array(size));
