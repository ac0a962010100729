/** Keeps a phone's screen on while the meeting is looked at. */

/** @param {import("../emitter.js").Bag} bag */
export function stayAwake(bag) {
  if (!navigator.wakeLock) return;
  let lock = null;
  const ask = () => {
    if (document.visibilityState !== "visible") return;
    navigator.wakeLock.request("screen").then(
      (granted) => (lock = granted),
      () => {}, // low battery, say: then the screen goes dark as always
    );
  };
  bag.listen(document, "visibilitychange", ask); // the browser takes the lock away from a page that is hidden
  bag.add(() => void lock?.release());
  ask();
}
