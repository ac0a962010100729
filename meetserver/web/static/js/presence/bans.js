/** Who was sent out of a meeting, each with the way to lift it. */
import { actButton } from "../ui/act.js";
import { h, notice } from "../ui/dom.js";
import { loaded } from "../ui/loaded.js";
import { moment } from "../ui/time.js";

const KINDS = { removed: "Removed", banned: "Banned" };

/**
 * @param {{load: () => Promise<{items: any[]}>, lift: (ban: string) => Promise<any>}} how `lift` resolves to false if it said itself what went wrong
 * @returns {HTMLElement} it fills itself
 */
export function banList({ load, lift }) {
  return loaded(() => load().catch(unseen), ({ items }, reload) => {
    if (!items) return [notice("info", "Hosts and co-hosts with an account of their own see here who was sent out.")];
    if (items.length === 0) return [h("p", { class: "muted", text: "Nobody. Whoever is removed or banned is listed here." })];
    return [h("ul", { class: "entries", "aria-label": "Sent out" }, ...items.map((one) => entry(one, lift, reload)))];
  });
}

/** A host by the room's grace alone, a guest say, is none to the calendar. */
function unseen(error) {
  if (error.status === 401 || error.status === 404) return { items: null };
  throw error;
}

function entry(one, lift, reload) {
  const act = async () => {
    const isDone = (await lift(one.id)) !== false;
    await reload();
    return isDone && `${one.name} may come in again.`;
  };
  const letIn = actButton({ label: "Let back in", class: "small", "aria-label": `Let ${one.name} back in`, act });
  return h("li", { class: "entry" }, h("div", { class: "about" }, h("div", { class: "title", text: one.name }), h("div", { class: "muted", text: `${KINDS[one.kind]}, ${moment(one.at)}` })), letIn);
}
