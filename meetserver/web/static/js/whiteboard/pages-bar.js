/** The pages of the board as tabs, one more, and what can be done with the one that is shown. */
import { newTxn } from "../room/session.js";
import { button, h, icon } from "../ui/dom.js";
import { openPageMenu } from "./page-menu.js";
import { allPages, sheetOf, titleOf } from "./reducer.js";

/** @param {{easel: any, store: any, bag: any}} parts */
export function pagesBar({ easel, store, bag }) {
  const list = h("div", { class: "tabs", role: "tablist", "aria-label": "Pages" });
  const add = button({ label: "Add a page", icon: "plus", class: "quiet icon-only", onClick: () => void addPage() });
  const menu = button({ label: "This page", icon: "more", class: "quiet icon-only", "aria-haspopup": "dialog", onClick: () => openPageMenu({ easel, store }) });
  let shown = "";

  async function addPage() {
    const page = newTxn();
    const { width, height, background } = easel.sheet;
    if (await easel.command("whiteboard.add_page", { page, width, height, background })) easel.show(page);
  }

  const tab = (page) => {
    const isShown = page === easel.page;
    const isLocked = sheetOf(store.board, page).locked;
    const name = titleOf(store.board, page);
    return h("button", { type: "button", role: "tab", class: "tab", title: name, "aria-selected": String(isShown), tabindex: isShown ? "0" : "-1", data: { page }, on: { click: () => easel.show(page) } }, isLocked && icon("lock"), h("span", { text: name }), isLocked && h("span", { class: "visually-hidden", text: ", locked" }));
  };

  const update = () => {
    const pages = allPages(store.board);
    const now = JSON.stringify([easel.page, pages.map((page) => [page, titleOf(store.board, page), sheetOf(store.board, page).locked])]);
    add.disabled = menu.disabled = Boolean(easel.refusal) && !store.isModerator;
    add.disabled = !mayAdd(easel, store);
    if (now === shown) return;
    shown = now;
    const hadFocus = list.contains(document.activeElement);
    list.replaceChildren(...pages.map(tab));
    const current = list.querySelector("[aria-selected=true]");
    if (hadFocus) current?.focus();
    if (list.scrollWidth > list.clientWidth) current?.scrollIntoView({ block: "nearest", inline: "nearest" });
  };
  list.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const pages = allPages(store.board);
    easel.show(pages[(pages.indexOf(easel.page) + step + pages.length) % pages.length]);
  });
  for (const topic of ["change", "page"]) bag.add(easel.on(topic, update));
  update();
  return h("div", { class: "pages-bar" }, list, add, menu);
}

/** A locked page keeps nobody from adding another one. */
function mayAdd({ refusal, sheet }, { isModerator, me }) {
  return isModerator || !refusal || (sheet.locked && me?.role !== "viewer");
}
