/** What is done again and again while it is looked at: not where the page is hidden, and no more once it is gone. */

/**
 * @param {HTMLElement} element whose being there keeps it going
 * @param {number} everyMs
 * @param {() => Promise<void>} work one at a time; the first one at once
 * @returns {{now: () => Promise<void>, pause: (isPaused: boolean) => void}} `now`: do it now, and await it
 */
export function again(element, everyMs, work) {
  let isPaused = false;
  let timer;
  let running = null;
  let next = null;
  const round = async () => {
    clearTimeout(timer);
    await work();
    running = null;
    timer = setTimeout(tick, everyMs);
  };
  const now = () => {
    if (!running) return (running = round());
    // What is asked for while one is under way comes after it, once: an answer never overtakes a later one's.
    return (next ??= running.then(() => {
      next = null;
      return now();
    }));
  };
  const tick = () => {
    if (!element.isConnected) return;
    if (isPaused || document.hidden) timer = setTimeout(tick, everyMs);
    else void now();
  };
  void now();
  return { now, pause: (isOff) => (isPaused = isOff) };
}
