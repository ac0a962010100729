/** Elements without HTML strings: what people wrote only ever becomes a text node. */

/**
 * Make an element. `on` holds listeners, `data` data attributes; true/false attributes are set or left out.
 * @param {string} tag
 * @param {Record<string, any>} attributes
 * @param {...(Node|string|number|null|undefined|false)} children
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "on") for (const [type, listener] of Object.entries(value)) element.addEventListener(type, listener);
    else if (name === "data") Object.assign(element.dataset, value);
    else if (name === "text") element.textContent = value;
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `#icon-${name}`);
  svg.append(use);
  return svg;
}

export function setIcon(element, name) {
  element.querySelector("use")?.setAttribute("href", `#icon-${name}`);
}

/** A button with an icon, a label, or both; an icon alone gets the label as its accessible name. */
export function button({ label, icon: name, class: classes = "", onClick, type = "button", ...rest }) {
  const iconOnly = classes.includes("icon-only");
  return h(
    "button",
    { type, class: `button ${classes}`, "aria-label": iconOnly ? label : null, title: iconOnly ? label : null, on: onClick ? { click: onClick } : {}, ...rest },
    name ? icon(name) : null,
    iconOnly ? null : label,
  );
}

/** Run `work` while the button shows that it is busy; a second press meanwhile does nothing. */
export async function whileBusy(element, work) {
  if (element.getAttribute("aria-busy") === "true") return undefined;
  element.setAttribute("aria-busy", "true");
  try {
    return await work();
  } finally {
    element.removeAttribute("aria-busy");
  }
}

export function notice(kind, ...children) {
  const names = { bad: "warn", warn: "warn", good: "check", info: "mail" };
  return h("div", { class: `notice ${kind}`, role: kind === "bad" ? "alert" : null }, icon(names[kind] ?? "warn"), h("div", {}, ...children));
}

/** Say something to a screen reader without showing it. */
export function announce(text) {
  const region = document.getElementById("announcer");
  region.textContent = "";
  requestAnimationFrame(() => (region.textContent = text));
}

export function show(view) {
  document.getElementById("main").replaceChildren(view);
  window.scrollTo(0, 0);
}

export function setTitle(text) {
  document.title = text ? `${text} · Meet` : "Meet";
}

export function initials(name) {
  const words = name.trim().split(/\s+/).filter(Boolean);
  const letters = words.length > 1 ? [words[0], words.at(-1)] : words;
  return letters.map((word) => [...word][0].toLocaleUpperCase()).join("") || "?";
}

export function avatar(name, seed = name) {
  const made = h("span", { class: "avatar", "aria-hidden": "true", text: initials(name) });
  made.style.setProperty("--hue", String(hue(seed)));
  return made;
}

/** A hue from a name or an id, the same for everybody. */
export function hue(seed) {
  let sum = 7;
  for (const char of seed) sum = (sum * 31 + char.codePointAt(0)) % 3600;
  return sum % 360;
}
