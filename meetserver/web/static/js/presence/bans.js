/** Who was sent out of a meeting, each with the way to lift it. */
import { button, h, notice, whileBusy } from "../ui/dom.js";
import { explain } from "../ui/explain.js";
import { toast } from "../ui/toast.js";

const KINDS = { removed: "Removed", banned: "Banned" };

/**
 * @param {{load: () => Promise<{items: any[]}>, lift: (ban: string) => Promise<any>}} how
 * @returns {HTMLElement} it fills itself
 */
export function banList({ load, lift }) {
  const list = h("ul", { class: "entries", "aria-busy": "true", "aria-label": "Sent out" });
  const show = async () => {
    try {
      const { items } = await load();
      list.replaceChildren(...items.map((one) => entry(one, lift, () => void show())));
      if (items.length === 0) list.append(h("li", { class: "muted", text: "Nobody. Whoever is removed or banned is listed here." }));
    } catch (error) {
      list.replaceChildren(h("li", {}, error.status === 401 || error.status === 404 ? notice("info", "Hosts and co-hosts with an account of their own see here who was sent out.") : notice("bad", explain(error))));
    } finally {
      list.removeAttribute("aria-busy");
    }
  };
  void show();
  return list;
}

function entry(one, lift, onLifted) {
  const when = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" }).format(new Date(one.at));
  const letIn = button({ label: "Let back in", class: "small", "aria-label": `Let ${one.name} back in`, onClick: () => void act() });
  const act = async () => {
    try {
      if ((await whileBusy(letIn, () => lift(one.id))) === false) return;
      toast(`${one.name} may come in again.`);
    } catch (error) {
      toast(explain(error), { kind: "bad" });
    }
    onLifted();
  };
  return h("li", { class: "entry" }, h("div", { class: "about" }, h("div", { class: "title", text: one.name }), h("div", { class: "muted", text: `${KINDS[one.kind]}, ${when}` })), letIn);
}
