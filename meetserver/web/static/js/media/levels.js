/** How loud somebody is: for the ring around who speaks, and the meter at the door. */

const POLL_MS = 150;
const SPEAKING = 0.015;
const HOLD_MS = 700;

/** The level (0 to 1) of a local track, until `stop` is called. */
export function watchLevel(track, onLevel) {
  const Context = window.AudioContext ?? window.webkitAudioContext;
  if (!Context || !track) return () => {};
  const context = new Context();
  const analyser = context.createAnalyser();
  analyser.fftSize = 512;
  context.createMediaStreamSource(new MediaStream([track])).connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  const timer = setInterval(() => {
    analyser.getFloatTimeDomainData(samples);
    const sum = samples.reduce((total, sample) => total + sample * sample, 0);
    onLevel(track.enabled ? Math.min(1, Math.sqrt(sum / samples.length)) : 0);
  }, POLL_MS);
  return () => {
    clearInterval(timer);
    void context.close();
  };
}

/** Turns levels into "speaks" and "does not": quick to start, slow to stop. */
export class Speaking {
  #until = 0;

  /** @returns {boolean} */
  hear(level, now = performance.now()) {
    if (level > SPEAKING) this.#until = now + HOLD_MS;
    return now < this.#until;
  }
}

/** @param {RTCRtpReceiver|undefined} receiver @returns {number} what came in last, 0 when that is long ago */
export function receiverLevel(receiver) {
  const [source] = receiver?.getSynchronizationSources?.() ?? [];
  if (!source) return 0;
  // Browsers count this stamp from the epoch or from the page's start.
  const ageMs = Math.min(Math.abs(Date.now() - source.timestamp), Math.abs(performance.now() - source.timestamp));
  if (ageMs > 1000) return 0;
  return source.audioLevel ?? 0;
}
