/**
 * Identity keys that outlive a reload of the page, in IndexedDB: it stores keys that no script can take out. Where there
 * is none (a private window, say), a reload makes a new one.
 */

const NAME = "meet.e2ee";
const STORE = "identities";
const LIFE_MS = 7 * 24 * 3600_000; // what a page that crashed has left here

/** @returns {Promise<{privateKey: CryptoKey, identity: string}|null>} */
export async function recallIdentity(room, participant) {
  try {
    return (await within("readonly", (store) => store.get(keyOf(room, participant)))) ?? null;
  } catch {
    return null;
  }
}

export async function keepIdentity(room, participant, identity) {
  try {
    await within("readwrite", (store) => {
      forgetOld(store);
      return store.put({ ...identity, at: Date.now() }, keyOf(room, participant));
    });
  } catch {
    // this page goes on with the key in its memory
  }
}

export async function forgetIdentity(room, participant) {
  try {
    await within("readwrite", (store) => store.delete(keyOf(room, participant)));
  } catch {
    // it was not kept, then
  }
}

const keyOf = (room, participant) => `${room}/${participant}`;

function forgetOld(store) {
  const request = store.openCursor();
  request.onsuccess = () => {
    const cursor = request.result;
    if (!cursor) return;
    if (cursor.value.at < Date.now() - LIFE_MS) cursor.delete();
    cursor.continue();
  };
}

/** @param {IDBTransactionMode} mode @param {(store: IDBObjectStore) => IDBRequest} act @returns {Promise<any>} what the request brings, once it is written */
async function within(mode, act) {
  const database = await opened();
  try {
    return await new Promise((resolve, reject) => {
      const transaction = database.transaction(STORE, mode);
      const request = act(transaction.objectStore(STORE));
      transaction.oncomplete = () => resolve(request.result);
      transaction.onabort = () => reject(transaction.error);
    });
  } finally {
    database.close();
  }
}

function opened() {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
