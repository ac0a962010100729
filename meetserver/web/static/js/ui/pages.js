/** A list that comes in pages: the first one now, the next ones at a press. */
import { actButton } from "./act.js";
import { button, h, notice } from "./dom.js";
import { explain } from "./explain.js";

/**
 * @param {{load: (cursor?: string) => Promise<{items: any[], next: string|null}>, render: (item: any) => Node, empty: string, more?: string}} how
 * @returns {{element: HTMLElement, reload: () => Promise<void>}} `reload` begins anew, as after another filter
 */
export function pagedList({ load, render, empty, more = "Show more" }) {
  const element = h("div", { class: "stack", "aria-live": "polite" });
  let asked = 0;
  // A search may have looked through much and found nothing yet.
  const some = async (cursor) => {
    const page = await load(cursor);
    return page.items.length > 0 || !page.next ? page : some(page.next);
  };
  const reload = async () => {
    const mine = ++asked;
    element.setAttribute("aria-busy", "true");
    try {
      const page = await some();
      if (mine !== asked) return; // another filter was chosen meanwhile
      const list = h("ul", { class: "lines" });
      element.replaceChildren(page.items.length > 0 ? list : h("p", { text: empty }));
      add(list, page);
    } catch (error) {
      if (mine === asked) element.replaceChildren(notice("bad", explain(error)), h("div", {}, button({ label: "Try again", onClick: () => void reload() })));
    }
    element.removeAttribute("aria-busy");
  };
  const add = (list, { items, next }) => {
    const entries = items.map((item) => h("li", { tabindex: "-1" }, render(item)));
    list.append(...entries);
    if (!next) return entries;
    const further = actButton({
      label: more,
      act: async () => {
        const page = await some(next);
        further.remove();
        add(list, page)[0]?.focus();
      },
    });
    element.append(further);
    return entries;
  };
  void reload();
  return { element, reload };
}
