/** Where one is signed in, and ending that. */
import * as api from "../http/accounts.js";
import { actButton } from "../ui/act.js";
import { confirm } from "../ui/dialog.js";
import { h, icon } from "../ui/dom.js";
import { loaded } from "../ui/loaded.js";
import { card } from "../ui/sections.js";
import { moment } from "../ui/time.js";
import { deviceName } from "./user-agent.js";

const METHODS = { password: "password", totp: "authenticator app", recovery: "recovery code", recovery_code: "recovery code", passkey: "passkey", oidc: "linked account", command_line: "command line" };

export function devicesSection() {
  return loaded(api.sessions, ({ items }, reload) => {
    const others = items.filter((session) => !session.current);
    return [
      card(
        "Where you are signed in",
        h("p", { class: "muted", text: "Something you do not know? Sign it out and change your password." }),
        h("ul", { class: "lines" }, ...items.map((session) => h("li", {}, entry(session, reload)))),
        others.length > 0 && h("div", {}, actButton({ label: "Sign out everywhere else", class: "danger", act: () => endOthers(others.length, reload) })),
      ),
    ];
  });
}

function entry(session, reload) {
  const name = session.kind === "token" && !session.user_agent ? "A program" : deviceName(session.user_agent);
  const how = session.methods.map((method) => METHODS[method] ?? method).join(" and ");
  return h(
    "div",
    { class: "line" },
    icon(session.kind === "token" ? "key" : "device"),
    h(
      "div",
      { class: "about" },
      h("h3", {}, name, session.current && h("span", { class: "badge good", text: "This one" })),
      h("p", { class: "muted", text: `Used ${moment(session.last_used_at)}${session.address ? ` · from ${session.address}` : ""}` }),
      h("p", { class: "muted", text: `Signed in ${moment(session.created_at)}${how ? ` by ${how}` : ""}` }),
    ),
    !session.current && actButton({ label: "Sign out", "aria-label": `Sign out ${name}`, act: () => end(session, reload) }),
  );
}

async function end(session, reload) {
  await api.endSession(session.id);
  await reload();
  return "That device is signed out.";
}

async function endOthers(count, reload) {
  const text = count === 1 ? "One other device has to sign in again." : `${count} other devices have to sign in again.`;
  if (!(await confirm({ title: "Sign out everywhere else?", text: `${text} Access tokens stay.`, yes: "Sign out the others", danger: true }))) return undefined;
  await api.endOtherSessions();
  await reload();
  return "Only this device is signed in now.";
}
