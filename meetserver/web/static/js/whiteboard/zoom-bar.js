/** How large the page is seen. */
import { button, h } from "../ui/dom.js";

const STEP = 1.25;

/** @param {{easel: any, canvas: any, bag: any}} parts */
export function zoomBar({ easel, canvas, bag }) {
  const { view } = canvas;
  const percent = h("output", { class: "muted", "aria-label": "Size" });
  const see = (act) => () => {
    act();
    easel.emit("view");
    easel.emit("draw");
  };
  const entry = (label, picture, act) => button({ label, icon: picture, class: "quiet icon-only", onClick: see(act) });
  bag.add(easel.on("view", () => (percent.textContent = view.isFit ? "" : `${Math.round(view.scale * 100)} %`)));
  return h("div", { class: "zoom-bar" }, percent, entry("Smaller", "zoom-out", () => view.zoom(1 / STEP)), entry("Larger", "zoom-in", () => view.zoom(STEP)), entry("Show the whole page", "fit", () => view.fit()));
}
