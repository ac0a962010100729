/** How well somebody's pictures arrive, from getStats, as one word for the tile. */

const POLL_MS = 2000;
const LOSS_BAD = 0.08;
const RTT_BAD_S = 0.6;

/** @param {any} mesh @param {() => Iterable<string>} participants @param {(participant: string, quality: "good"|"poor"|"none") => void} tell */
export function watchQuality(mesh, participants, tell) {
  const before = new Map();
  const look = async () => {
    for (const participant of participants()) {
      const peer = mesh.peerOf(participant);
      if (!peer) continue;
      if (peer.state !== "connected") tell(participant, "none");
      else tell(participant, judge(await peer.stats(), before, participant));
    }
  };
  const timer = setInterval(() => void look().catch(() => {}), POLL_MS);
  return () => clearInterval(timer);
}

function judge(stats, before, participant) {
  let lost = 0;
  let received = 0;
  let rttS = 0;
  for (const report of stats.values()) {
    if (report.type === "inbound-rtp") {
      lost += report.packetsLost ?? 0;
      received += report.packetsReceived ?? 0;
    } else if (report.type === "candidate-pair" && report.nominated) rttS = report.currentRoundTripTime ?? 0;
  }
  const last = before.get(participant) ?? { lost, received };
  before.set(participant, { lost, received });
  const total = received - last.received + lost - last.lost;
  const loss = total > 20 ? (lost - last.lost) / total : 0;
  return loss > LOSS_BAD || rttS > RTT_BAD_S ? "poor" : "good";
}
