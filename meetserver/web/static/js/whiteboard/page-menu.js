/** A page's name, size, background and lock; its place among the others; clearing and removing it. */
import { confirm, openDialog } from "../ui/dialog.js";
import { button, h } from "../ui/dom.js";
import { field, form } from "../ui/form.js";
import { choiceField, switchField } from "../ui/switch.js";
import { BACKGROUNDS } from "./choices.js";
import { allPages, titleOf } from "./reducer.js";

const SIZES = { "1600x900": "Wide (16 : 9)", "1600x1200": "Screen (4 : 3)", "1240x1754": "A4 upright", "1754x1240": "A4 across", "1600x1600": "Square", "4800x2700": "Large" };

/** @param {{easel: any, store: any}} parts */
export function openPageMenu({ easel, store }) {
  const { page, sheet } = easel;
  const name = field({ label: "Name", value: sheet.name, placeholder: titleOf(store.board, page), maxlength: 80, autocomplete: "off" });
  const now = `${sheet.width}x${sheet.height}`;
  const size = choiceField({ label: "Size", options: { ...(now in SIZES ? {} : { [now]: `${sheet.width} × ${sheet.height}` }), ...SIZES }, value: now });
  const background = choiceField({ label: "Background", options: { ...(sheet.background in BACKGROUNDS ? {} : { [sheet.background]: sheet.background }), ...BACKGROUNDS }, value: sheet.background });
  const locked = switchField({ label: "Lock this page", hint: "Only hosts and co-hosts draw on it.", checked: sheet.locked });
  const fields = store.isModerator ? [name, size, background, locked] : [name, size, background];
  const { element } = form({
    fields,
    submit: "Save",
    onSubmit: async () => {
      const [width, height] = size.input.value.split("x").map(Number);
      const wanted = { name: name.input.value.trim(), width, height, background: background.input.value, ...(store.isModerator ? { locked: locked.input.checked } : {}) };
      const changed = Object.fromEntries(Object.entries(wanted).filter(([key, value]) => sheet[key] !== value));
      if (Object.keys(changed).length > 0) await easel.command("whiteboard.change_page", { page, ...changed });
      close();
    },
  });
  const { close } = openDialog({ title: titleOf(store.board, page), body: [element, places(easel, store, page), endings(easel, store, page, () => close())] });
}

function places(easel, store, page) {
  const move = (step) => easel.command("whiteboard.move_page", { page, index: Math.max(0, allPages(store.board).indexOf(page) + step) });
  const isAlone = allPages(store.board).length === 1;
  return h("div", { class: "row" }, button({ label: "Move left", disabled: isAlone, onClick: () => void move(-1) }), button({ label: "Move right", disabled: isAlone, onClick: () => void move(1) }));
}

function endings(easel, store, page, close) {
  const clear = async () => {
    close();
    if (await confirm({ title: "Clear this page?", text: "All elements go, but those that are locked. You can undo it.", yes: "Clear", danger: true })) await easel.command("whiteboard.clear", { page });
  };
  const remove = async () => {
    close();
    if (await confirm({ title: `Remove “${titleOf(store.board, page)}”?`, text: "The page goes with all that is on it. Only a saved version or the board’s past still have it then.", yes: "Remove", danger: true })) await easel.command("whiteboard.remove_page", { page });
  };
  const isLast = allPages(store.board).length === 1;
  return h("div", { class: "row" }, button({ label: "Clear the page", onClick: () => void clear() }), store.isModerator && !isLast && button({ label: "Remove the page", class: "danger", onClick: () => void remove() }));
}
