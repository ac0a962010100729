/** Time travel: a bar to go through the board's past, and a replay of it. */
import { Bag } from "../emitter.js";
import { openDialog } from "../ui/dialog.js";
import { button, h, notice, setIcon } from "../ui/dom.js";
import { explain } from "../ui/explain.js";
import { moment } from "../ui/time.js";
import { BoardCanvas } from "./canvas.js";
import { Easel } from "./easel.js";
import { Hand } from "./hand.js";
import { pagesBar } from "./pages-bar.js";
import { Past } from "./past.js";
import { FIRST_PAGE } from "./reducer.js";
import { zoomBar } from "./zoom-bar.js";

const TICK_MS = 60;
const LONGEST_MS = 30_000;
const OF_NO_PAGE = new Set(["whiteboard.saved", "whiteboard.restored", "whiteboard.discarded"]);

/** @param {any} parts with `meeting`, `session`, `store`, `pictures` */
export async function openReplay(parts) {
  const bag = new Bag();
  const body = h("div", { class: "replay stack" }, h("p", { class: "muted", role: "status", text: "Loading the board’s past…" }));
  const { closed } = openDialog({ title: "The board’s past", body });
  void closed.then(() => bag.empty());
  const past = new Past();
  try {
    await past.load(parts, (part) => (body.firstChild.textContent = `Loading the board’s past, ${Math.round(part * 100)} %…`));
  } catch (error) {
    return void body.replaceChildren(notice("bad", explain(error)));
  }
  if (past.entries.length === 0) return void body.replaceChildren(h("p", { text: "Nothing has been drawn yet." }));
  return show(past, body, bag, parts);
}

function show(past, body, bag, { session, pictures }) {
  const easel = new Easel({ session, store: past.store, bag });
  const canvas = new BoardCanvas({ easel, pictures, bag });
  new Hand({ easel, canvas, tools: {}, bag });
  const count = past.entries.length;
  const time = h("output", { class: "moment" });
  const bar = h("input", { type: "range", min: "0", max: String(count), value: String(count), "aria-label": "Moment of the board’s past" });
  const play = button({ label: "Play", icon: "play", class: "primary icon-only", onClick: () => (timer ? pause() : start()) });
  let timer = null;

  const goTo = (index) => {
    past.goTo(index);
    const last = past.entries[index - 1];
    time.textContent = last ? moment(last.at) : past.isCut ? "Earlier, which is not kept" : "Before";
    bar.value = String(index);
    bar.setAttribute("aria-valuetext", time.textContent);
    canvas.ask();
  };
  const pause = () => {
    clearInterval(timer);
    timer = null;
    label("Play", "play");
  };
  const label = (text, picture) => {
    play.setAttribute("aria-label", text);
    play.title = text;
    setIcon(play, picture);
  };
  const start = () => {
    if (past.index === count) goTo(0);
    const step = Math.ceil((count * TICK_MS) / LONGEST_MS);
    label("Pause", "pause");
    timer = setInterval(() => {
      goTo(Math.min(count, past.index + step));
      const { type, data } = past.entries[past.index - 1];
      if (!OF_NO_PAGE.has(type)) easel.show(data.page ?? FIRST_PAGE);
      if (past.index === count) pause();
    }, TICK_MS);
  };
  bag.add(() => clearInterval(timer));
  bar.addEventListener("input", () => (pause(), goTo(Number(bar.value))));
  const foot = h("div", { class: "board-foot" }, pagesBar({ easel, store: past.store, bag }), zoomBar({ easel, canvas, bag }));
  body.replaceChildren(h("div", { class: "desk" }, canvas.element), foot, h("div", { class: "scrub" }, play, bar, time));
  goTo(count);
  bar.focus();
}
