/** Links to the OpenID Connect providers that this server knows. */
import * as api from "../http/accounts.js";
import { h } from "../ui/dom.js";

/** @param {(provider: {name: string, title: string}) => string} label @param {{only?: string[]}} [how] names @returns {Promise<HTMLElement[]>} */
export async function providerLinks(label, { only } = {}) {
  const found = await listed();
  return found.filter(({ name }) => !only || only.includes(name)).map((provider) => link(provider, label(provider)));
}

/** @returns {Promise<{name: string, title: string, start: string}[]>} none where the server is out of reach: there are other ways */
export async function listed() {
  try {
    return (await api.providers()).items;
  } catch {
    return [];
  }
}

function link({ start }, text) {
  const made = h("a", { class: "button wide", text, target: "_self", href: start });
  // At the press, not before: by then it is clear where one wants to go.
  made.addEventListener("click", () => (made.href = `${start}?next=${encodeURIComponent(location.pathname)}`));
  return made;
}
