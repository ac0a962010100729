/** Web storage that may be full or forbidden: then things work, and are forgotten. */

/** @param {() => Storage} storage @returns {any} what was kept, or null */
export function recall(storage, key) {
  try {
    return JSON.parse(storage.getItem(key));
  } catch {
    try {
      return storage.getItem(key);
    } catch {
      return null;
    }
  }
}

export function keep(storage, key, value) {
  try {
    storage.setItem(key, typeof value === "string" ? value : JSON.stringify(value));
  } catch {
    // nothing to do: the caller goes on without memory
  }
}

export function forget(storage, key) {
  try {
    storage.removeItem(key);
  } catch {
    // as above
  }
}

/** Nothing of who was here stays; how the page looks is the device's own affair. */
export function forgetEverything() {
  globalThis.indexedDB?.deleteDatabase("meet.e2ee");
  for (const area of ["localStorage", "sessionStorage"]) {
    try {
      for (const key of Object.keys(window[area])) if (key.startsWith("meet.") && key !== "meet.theme") window[area].removeItem(key);
    } catch {
      // as above
    }
  }
}
