/** The page's start: who is signed in, the header, and the view of the address. */
import { account } from "./accounts/session.js";
import { signInCard, signUpCard } from "./accounts/forms.js";
import { verifyPage } from "./accounts/verify.js";
import { doorPage, leaveMeetingView } from "./meetings/door.js";
import { homePage } from "./meetings/home.js";
import { settingsPage } from "./meetings/settings.js";
import { startPage } from "./meetings/start.js";
import { forgetWayBack, takeWayBack } from "./meetings/way-back.js";
import { go, refresh, startRouter } from "./router.js";
import { button, h, icon, setTitle, show } from "./ui/dom.js";
import { explain } from "./ui/explain.js";
import { loadSprite } from "./ui/sprite.js";
import { themeButton } from "./ui/theme.js";
import { toast } from "./ui/toast.js";

const header = document.getElementById("site-header");
const theme = themeButton();

function showHeader(user) {
  header.replaceChildren(
    h("a", { class: "brand", href: "/" }, h("img", { src: "/static/img/favicon.svg", alt: "", width: "32", height: "32" }), "Meet"),
    user ? h("span", { class: "who", text: user.name }) : "",
    theme,
    user ? button({ label: "Sign out", class: "quiet", onClick: signOut }) : h("a", { class: "button quiet", href: "/#signin", text: "Sign in" }),
  );
}

async function signOut() {
  try {
    await account.signOut();
    refresh();
  } catch (error) {
    toast(explain(error), { kind: "bad" });
  }
}

function home({ hash }) {
  leaveMeetingView();
  const wayBack = account.user && takeWayBack();
  if (wayBack) return go(wayBack, { replace: true });
  if (account.user) return hash.startsWith("settings/") ? settingsPage(hash.slice("settings/".length)) : homePage();
  if (!hash) forgetWayBack();
  setTitle(hash === "signup" ? "Make an account" : "");
  return startPage(hash === "signup" ? signUpCard() : signInCard());
}

function missing() {
  leaveMeetingView();
  setTitle("Not found");
  show(h("div", { class: "page centre" }, h("div", { class: "big-icon bad" }, icon("warn")), h("h1", { text: "There is no such page" }), h("p", { class: "muted", text: "The address may have lost a part on its way." }), h("a", { class: "button primary", href: "/", text: "To the start page" })));
}

account.on("change", showHeader);
await Promise.all([account.load(), loadSprite()]);
startRouter({
  home,
  missing,
  meeting: ({ parameter, rest }) => void doorPage(parameter, rest),
  verify: ({ parameter }) => (leaveMeetingView(), verifyPage(parameter)),
});
