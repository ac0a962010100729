/** The line over every page outside the room: who is signed in, their account, and the way out. */
import { go, refresh } from "../router.js";
import { announce, button, h, icon, whileBusy } from "../ui/dom.js";
import { explain } from "../ui/explain.js";
import { themeButton } from "../ui/theme.js";
import { toast } from "../ui/toast.js";
import { mayAdminister } from "../admin/sections.js";
import { account } from "./session.js";

const header = document.getElementById("site-header");
const theme = themeButton();

export function showHeader(user) {
  header.replaceChildren(
    h("a", { class: "brand", href: "/" }, h("img", { src: "/static/img/favicon.svg", alt: "", width: "32", height: "32" }), "Meet"),
    ...(user ? own(user) : [theme, h("a", { class: "button quiet", href: "/#signin", text: "Sign in" })]),
  );
}

function own(user) {
  const out = button({ label: "Sign out", class: "quiet", onClick: () => void whileBusy(out, signOut) });
  return [
    theme,
    mayAdminister(user) && h("a", { class: "button quiet compact", href: "/admin", "aria-label": "Administration", title: "Administration" }, icon("shield"), h("span", { class: "wide-only", text: "Administration" })),
    h("a", { class: "button quiet compact", href: "/account", "aria-label": `Account of ${user.name}`, title: "Your account" }, icon("person"), h("span", { class: "who", text: user.name })),
    out,
  ].filter(Boolean);
}

async function signOut() {
  try {
    await account.signOut();
  } catch (error) {
    return void toast(explain(error), { kind: "bad" });
  }
  announce("You are signed out.");
  if (location.pathname.startsWith("/m/")) refresh();
  else go("/", { replace: true });
}
