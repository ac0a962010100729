/** Light or dark: the system's choice until somebody presses the button, which is then kept. */
import { keep } from "./storage.js";
import { button, setIcon } from "./dom.js";

const query = matchMedia("(prefers-color-scheme: dark)");

export function currentTheme() {
  return document.documentElement.dataset.theme ?? (query.matches ? "dark" : "light");
}

export function toggleTheme() {
  const next = currentTheme() === "dark" ? "light" : "dark";
  document.documentElement.dataset.theme = next;
  keep(localStorage, "meet.theme", next);
  document.dispatchEvent(new Event("themechange"));
  return next;
}

export function themeButton() {
  const made = button({ icon: "moon", label: "Theme", class: "quiet icon-only", onClick: toggleTheme });
  const show = () => {
    const isDark = currentTheme() === "dark";
    setIcon(made, isDark ? "sun" : "moon");
    made.setAttribute("aria-label", isDark ? "Use the light theme" : "Use the dark theme");
    made.title = made.getAttribute("aria-label");
  };
  show();
  document.addEventListener("themechange", show);
  query.addEventListener("change", show);
  return made;
}
