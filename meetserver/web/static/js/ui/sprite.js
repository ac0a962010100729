/** The icons, put into the page once: an icon that is shown while the server is away must not need the server. */

const ADDRESS = new URL("../../img/icons.svg", import.meta.url);

export async function loadSprite() {
  try {
    const text = await (await fetch(ADDRESS)).text();
    const sprite = new DOMParser().parseFromString(text, "image/svg+xml").documentElement;
    sprite.setAttribute("class", "visually-hidden");
    sprite.setAttribute("aria-hidden", "true");
    document.body.append(document.adoptNode(sprite));
  } catch (error) {
    console.warn("no icons", error.message); // everything has a name beside its icon
  }
}
