/** What hosts ask of this page it does, and says so: be quiet, only watch. And what they did to others is said. */
import { toast } from "../ui/toast.js";

const MUTED = { audio: "muted your microphone", video: "turned your camera off", screen: "stopped your screen" };
const SENT_OUT = { removed: "was removed", banned: "was banned" };

/** @param {{store: any, local: any, moderation: any, bag: any}} parts */
export function obeyHosts({ store, local, moderation, bag }) {
  const stop = { audio: () => local.setAudio(false), video: () => local.setCamera(false), screen: () => local.stopScreen() };
  bag.add(
    store.on("muted", ({ participant, kind, by }) => {
      if (participant !== store.self.participant || !stop[kind]) return;
      void stop[kind]();
      toast(`${by?.name ?? "A host"} ${MUTED[kind]}.`, { lifeMs: 10_000 });
    }),
  );
  const onlyWatch = () => {
    if (store.me?.role !== "viewer") return;
    if (local.isAudioOn) void stop.audio();
    if (local.isCameraOn) void stop.video();
    if (local.isScreenOn) stop.screen();
  };
  bag.add(store.on("participants", onlyWatch));
  bag.add(local.on("change", onlyWatch));
  bag.add(
    store.on("sentOut", ({ participant, kind, ban, by }) => {
      if (participant.id === store.self.participant) return;
      const undo = by === store.self.participant && { label: "Let back in", onClick: () => void moderation.unban(ban) };
      toast(`${participant.name} ${SENT_OUT[kind]}.`, { action: undo || undefined });
    }),
  );
}
