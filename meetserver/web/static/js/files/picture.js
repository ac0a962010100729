/** Small pictures beside what they are of: fetched when they come into sight. */
import { h } from "../ui/dom.js";

export function whenSeen(element, act) {
  const observer = new IntersectionObserver((seen) => {
    if (!seen.some((one) => one.isIntersecting)) return;
    observer.disconnect();
    act();
  });
  observer.observe(element);
}

/** Puts the picture in the place of what is there, which stays where there is none. @param {HTMLElement} place @param {() => Promise<Blob>} fetched @param {string} [alt] */
export async function showPicture(place, fetched, alt = "") {
  try {
    const url = URL.createObjectURL(await fetched());
    const image = h("img", { src: url, alt });
    await image.decode().finally(() => URL.revokeObjectURL(url));
    place.replaceChildren(image);
  } catch {
    // its icon stays
  }
}
