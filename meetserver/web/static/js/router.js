/** Addresses to views. The server answers the same page for all of them. */

/** Addresses `/name/parameter`, `/name`, and `/name` with or without a parameter; each view is called like its name. */
const WITH_PARAMETER = ["verify", "reset", "invite", "email", "erasures"];
const ALONE = ["forgot"];
const WITH_SECTIONS = ["account", "admin"];

let render = () => {};

/**
 * @param {Record<string, (match: {parameter: string, rest: string, hash: string}) => void>} views by name: home, meeting, missing, and those above
 */
export function startRouter(views) {
  render = () => {
    const { pathname, hash } = location;
    const [, first, parameter, rest, more] = pathname.split("/");
    const where = { parameter: decode(parameter ?? ""), rest: decode(rest ?? ""), hash: hash.slice(1) };
    if (pathname === "/") views.home(where);
    else if (first === "m" && parameter && more === undefined) views.meeting(where);
    else if (WITH_PARAMETER.includes(first) && parameter && !rest) views[first](where);
    else if (ALONE.includes(first) && !parameter) views[first](where);
    else if (WITH_SECTIONS.includes(first) && !rest) views[first](where);
    else views.missing(where);
  };
  addEventListener("popstate", render);
  document.addEventListener("click", onClick);
  render();
}

/** Go to an address of ours without loading the page again. */
export function go(address, { replace = false } = {}) {
  history[replace ? "replaceState" : "pushState"](null, "", address);
  render();
}

export function refresh() {
  render();
}

function onClick(event) {
  const link = event.target instanceof Element ? event.target.closest("a[href]") : null;
  if (!link || event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const url = new URL(link.href);
  const isSkip = link.classList.contains("skip-link");
  if (url.origin !== location.origin || link.target || isSkip) return;
  event.preventDefault();
  go(url.pathname + url.search + url.hash);
}

function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
