/** The processes that are up and the rooms that they run, as they are now. */
import * as api from "../http/admin.js";
import { again } from "../ui/again.js";
import { h, notice } from "../ui/dom.js";
import { explain } from "../ui/explain.js";
import { switchField } from "../ui/switch.js";
import { roomsCard } from "./rooms.js";
import { shardsCard } from "./shards.js";

const EVERY_MS = 2000;

export function clusterSection() {
  const trouble = h("div", { "aria-live": "polite" });
  const place = h("div", { class: "stack" });
  const refresh = () => rounds.now();
  const shards = shardsCard(refresh);
  const rooms = roomsCard(refresh);
  const load = async () => {
    try {
      const [{ items }] = await Promise.all([api.shards(), rooms.load()]);
      shards.update(items);
      rooms.know(items);
      trouble.replaceChildren();
    } catch (error) {
      const text = `What is shown may be old. ${explain(error)}`;
      if (trouble.textContent !== text) trouble.replaceChildren(notice("bad", text));
    }
  };
  const live = switchField({ label: "Keep up to date", hint: "Every two seconds.", checked: true, onChange: (isOn) => rounds.pause(!isOn) });
  place.append(live.element, trouble, shards.element, rooms.element);
  const rounds = again(place, EVERY_MS, load);
  return place;
}
