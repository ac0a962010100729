/** A list that is loaded a page at a time, whose entries can be taken out. */
import { button, h, notice, whileBusy } from "../ui/dom.js";
import { explain } from "../ui/explain.js";
import { toast } from "../ui/toast.js";

/**
 * @param {{label: string, empty: string, load: (cursor?: string) => Promise<{items: any[], next: string|null}>,
 *   entry: (item: any) => {title: string, text: string, actions: HTMLElement[]}}} how
 * @returns {{element: HTMLElement, add: (item: any) => void, remover: (how: any) => HTMLButtonElement}}
 */
export function entryList({ label, empty, load, entry }) {
  const list = h("ul", { class: "entries", "aria-label": label, "aria-busy": "true" });
  const nothing = h("p", { class: "muted", text: empty });
  const element = h("div", {}, list);
  const add = (item) => {
    const { title, text, actions } = entry(item);
    nothing.remove();
    list.append(h("li", { class: "entry" }, h("div", { class: "about" }, h("div", { class: "title", text: title }), text && h("div", { class: "muted", text })), ...actions));
  };
  const more = async (cursor) => {
    try {
      const { items, next } = await load(cursor);
      items.forEach(add);
      if (next) {
        const again = button({ label: "Show more", onClick: () => void whileBusy(again, () => more(next)).then(() => again.remove()) });
        element.append(again);
      }
      if (!list.firstElementChild) element.append(nothing);
    } catch (error) {
      element.append(notice("bad", explain(error)));
    }
    list.removeAttribute("aria-busy");
  };
  void more();

  /** A button that takes its entry out; `sure` asks first. */
  const remover = ({ label: name, act, sure = async () => true, done }) => {
    const made = button({ label: name, icon: "trash", class: "quiet icon-only", onClick: () => void remove() });
    const remove = async () => {
      if (!(await sure())) return;
      try {
        await whileBusy(made, act);
      } catch (error) {
        return void toast(explain(error), { kind: "bad" });
      }
      const gone = made.closest("li");
      (gone.nextElementSibling ?? gone.previousElementSibling)?.querySelector("button, select")?.focus();
      gone.remove();
      if (!list.firstElementChild) element.append(nothing);
      toast(done);
    };
    return made;
  };
  return { element, add, remover };
}
