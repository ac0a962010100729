/** The page's start: who is signed in, the header, and the view of the address. */
import { askWhenNeeded } from "./accounts/confirm.js";
import { erasurePage } from "./accounts/erasure.js";
import { challengeIn, factorCard, whyFailed } from "./accounts/factor-step.js";
import { showHeader } from "./accounts/header.js";
import { emailPage, verifyPage } from "./accounts/mailed.js";
import { accountPage } from "./accounts/page.js";
import { forgotPage, invitePage, resetPage } from "./accounts/recover.js";
import { account } from "./accounts/session.js";
import { signInCard } from "./accounts/sign-in.js";
import { signUpCard } from "./accounts/sign-up.js";
import { adminPage } from "./admin/page.js";
import { doorPage, leaveMeetingView } from "./meetings/door.js";
import { homePage } from "./meetings/home.js";
import { settingsPage } from "./meetings/settings.js";
import { startPage } from "./meetings/start.js";
import { forgetWayBack, takeWayBack } from "./meetings/way-back.js";
import { go, refresh, startRouter } from "./router.js";
import { h, icon, setTitle, show } from "./ui/dom.js";
import { loadSprite } from "./ui/sprite.js";
import { toast } from "./ui/toast.js";

function home({ hash }) {
  leaveMeetingView();
  const wayBack = account.user && takeWayBack();
  if (wayBack) return go(wayBack, { replace: true });
  if (account.user) return hash.startsWith("settings/") ? settingsPage(hash.slice("settings/".length)) : homePage();
  if (!hash) forgetWayBack();
  setTitle(hash === "signup" ? "Make an account" : "");
  return startPage(hash === "signup" ? signUpCard() : (secondStep(hash) ?? signInCard({ failed: failedSignIn() })));
}

/** Where a provider's sign-in came back to: a second factor is still asked for. */
function secondStep(hash) {
  const found = challengeIn(hash);
  if (!found) return null;
  history.replaceState(null, "", "/"); // what it says holds once
  const onDone = () => go(found.next, { replace: true });
  return factorCard(found.challenge, { onDone, onAgain: () => refresh() });
}

function failedSignIn() {
  const code = new URLSearchParams(location.search).get("sign_in");
  if (code) history.replaceState(null, "", "/");
  return code && whyFailed(code);
}

/** Of those who are signed in; others sign in at the same address, and are there. */
function own(view) {
  return (where) => {
    leaveMeetingView();
    if (account.user) return view(where.parameter);
    setTitle("Sign in");
    return startPage(signInCard());
  };
}

/** A view that takes nothing but its parameter, and is outside of meetings. */
function plain(view) {
  return ({ parameter }) => (leaveMeetingView(), view(parameter));
}

/** This page was signed in or out by another one, or by the server. */
function changedElsewhere(user) {
  if (!user) toast("You were signed out. Sign in again to go on.", { kind: "bad" });
  if (!location.pathname.startsWith("/m/")) refresh();
}

function missing() {
  leaveMeetingView();
  setTitle("Not found");
  show(h("div", { class: "page centre" }, h("div", { class: "big-icon bad" }, icon("warn")), h("h1", { text: "There is no such page" }), h("p", { class: "muted", text: "The address may have lost a part on its way." }), h("a", { class: "button primary", href: "/", text: "To the start page" })));
}

account.on("change", showHeader);
askWhenNeeded();
await Promise.all([account.load(), loadSprite()]);
account.on("elsewhere", changedElsewhere);
startRouter({
  home,
  missing,
  meeting: ({ parameter, rest }) => void doorPage(parameter, rest),
  verify: plain(verifyPage),
  email: plain(emailPage),
  forgot: plain(forgotPage),
  reset: plain(resetPage),
  invite: plain(invitePage),
  erasures: plain(erasurePage),
  account: own(accountPage),
  admin: own(adminPage),
});
