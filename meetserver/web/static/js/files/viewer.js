/** Looking at a file without saving it: pictures one after the other, sound and film, text as text. */
import { linkTo, textOf } from "../http/files.js";
import { actButton } from "../ui/act.js";
import { sizeText } from "../ui/bytes.js";
import { openDialog } from "../ui/dialog.js";
import { button, h, notice } from "../ui/dom.js";
import { explain } from "../ui/explain.js";
import { viewOf } from "./kinds.js";

const TEXT_BYTES = 64 * 1024;

/**
 * @param {any} file @param {any[]} files among which the arrow keys go from picture to picture
 * @param {{access: import("./access.js").Access, save: (file: any) => Promise<void>}} how
 */
export function openViewer(file, files, { access, save }) {
  const pictures = viewOf(file) === "image" ? files.filter((one) => viewOf(one) === "image" && !one.is_held) : [file];
  const place = h("div", { class: "view" });
  const count = h("span", { class: "muted" });
  let shown = null;
  const step = (by) => void show(pictures[(pictures.indexOf(shown) + by + pictures.length) % pictures.length]);
  const arrows = pictures.length > 1 ? [button({ label: "Previous picture", icon: "left", class: "icon-only", onClick: () => step(-1) }), count, button({ label: "Next picture", icon: "right", class: "icon-only", onClick: () => step(1) })] : [];
  const foot = h("div", { class: "view-foot" }, ...arrows, actButton({ label: "Download", icon: "download", class: "primary", act: () => save(shown) }));
  const { element } = openDialog({ title: file.name, body: [place, foot] });
  element.classList.add("viewer");
  const heading = element.querySelector("h2");
  heading.setAttribute("aria-live", "polite");
  element.addEventListener("keydown", ({ key, target }) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[key];
    if (by && pictures.length > 1 && !(target instanceof HTMLMediaElement)) step(by);
  });
  const show = async (next) => {
    shown = next;
    heading.textContent = next.name;
    count.textContent = `${pictures.indexOf(next) + 1} of ${pictures.length}`;
    place.setAttribute("aria-busy", "true");
    const view = await viewFor(next, access);
    if (shown !== next) return;
    place.replaceChildren(view);
    place.removeAttribute("aria-busy");
  };
  void show(file);
}

async function viewFor(file, access) {
  try {
    return viewOf(file) === "text" ? await textView(file, access) : mediaView(file, await linkTo(file.id, access.headers()));
  } catch (error) {
    return notice("bad", explain(error));
  }
}

function mediaView(file, src) {
  const made = {
    image: () => h("img", { src, alt: file.name, width: file.width, height: file.height }),
    audio: () => h("audio", { src, controls: true, "aria-label": file.name }),
    video: () => h("video", { src, controls: true, playsinline: true, preload: "metadata", "aria-label": file.name }),
  }[viewOf(file)]();
  made.addEventListener("error", () => made.replaceWith(notice("warn", "This browser cannot show it. Download it to open it with another program.")), { once: true });
  return made;
}

async function textView(file, access) {
  const text = file.size_bytes ? await textOf(file.id, TEXT_BYTES, access.headers()) : "";
  const rest = file.size_bytes > TEXT_BYTES && h("p", { class: "muted", text: `These are its first ${sizeText(TEXT_BYTES)} of ${sizeText(file.size_bytes)}. Download it to read on.` });
  return h("div", { class: "stack" }, h("pre", { tabindex: "0", "aria-label": file.name, text }), rest);
}
