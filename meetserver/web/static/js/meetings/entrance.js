/** The page before the meeting: your name, how you look and sound, and the button to go in. */
import { deviceChoices } from "../media/choices.js";
import { problemTexts } from "../media/devices.js";
import { previewOf } from "../media/preview.js";
import { h, icon, notice } from "../ui/dom.js";
import { field, form } from "../ui/form.js";
import { keep, recall } from "../ui/storage.js";
import { rememberWayBack } from "./way-back.js";

const NAME = "meet.name";

/**
 * @param {{door: any, local: any, user: any, isByLink: boolean, onJoin: (wish: {name: string, passcode?: string}) => Promise<void>}} how
 *   `isByLink`: by a guest link, which does for passcode and invitation
 * @returns {{element: HTMLElement, stop: () => void}}
 */
export function entrance({ door, local, user, isByLink, onJoin }) {
  const needs = new Set(door.needs.filter((need) => need === "sign_in" || !isByLink));
  const name = nameField(user);
  const passcode = needs.has("passcode") ? passcodeField(user) : null;
  const preview = previewOf(local, () => name.input.value);
  const problems = h("div", { class: "stack", role: "status" });
  const { element } = form({
    fields: [name, passcode].filter(Boolean),
    submit: "Join the meeting",
    onSubmit: async () => {
      const chosen = name.input.value.trim();
      if (!user) keep(localStorage, NAME, JSON.stringify(chosen));
      try {
        await onJoin({ name: chosen, passcode: passcode?.input.value });
      } catch (error) {
        passcode?.input.select();
        throw error;
      }
    },
  });
  const update = () => {
    const texts = problemTexts(local);
    problems.replaceChildren(...(texts.length > 0 ? [notice("warn", ...texts.map((text) => h("p", { text })), h("p", { text: "You can join all the same." }))] : []));
  };
  const off = local.on("change", update);
  name.input.addEventListener("input", preview.update);
  const mustSignIn = !user && (needs.has("sign_in") || needs.has("invitation"));
  const view = h(
    "div",
    { class: "page door" },
    h("section", { class: "stack", "aria-label": "Camera and microphone" }, preview.element, preview.meter),
    h("section", { class: "card stack", "aria-labelledby": "door-title" }, heading(door), mustSignIn ? signInFirst(needs) : element, problems, devices(local)),
  );
  return { element: view, stop: () => (off(), preview.stop()) };
}

function heading(door) {
  return h("div", {}, h("h1", { id: "door-title", text: door.title }), door.host_name && h("p", { class: "muted", text: `${door.host_name} invites you` }));
}

function nameField(user) {
  const hint = user ? `Signed in as ${user.email}` : "This is how the others see you. No account is needed.";
  return field({ label: "Your name", name: "name", required: true, maxlength: 80, autocomplete: "name", value: user?.name ?? recallName(), readonly: Boolean(user), hint });
}

function recallName() {
  const name = recall(localStorage, NAME);
  return typeof name === "string" ? name : "";
}

/** Whoever is signed in may be a host, and needs none. */
function passcodeField(user) {
  const hint = user ? "The host knows it. Hosts and co-hosts need none." : "It came with the invitation, or the host knows it.";
  return field({ label: "Passcode", name: "passcode", required: !user, maxlength: 200, autocomplete: "off", autocapitalize: "off", spellcheck: "false", hint });
}

/** Instead of the form, where a guest would only be refused. */
function signInFirst(needs) {
  const text = needs.has("invitation") ? "Only people who are invited may join. Sign in with the account that was invited." : "Only people with an account may join this meeting.";
  const link = (label, hash, classes) => h("a", { class: `button ${classes}`, href: `/#${hash}`, text: label, on: { click: rememberWayBack } });
  return h("div", { class: "stack" }, h("div", { class: "notice" }, icon("lock"), h("p", { text })), h("div", { class: "row" }, link("Sign in", "signin", "primary"), link("Make an account", "signup", "")));
}

function devices(local) {
  const made = h("details", {}, h("summary", { text: "Choose microphone and camera" }));
  made.addEventListener("toggle", () => made.open && void deviceChoices(local).then((choices) => made.replaceChildren(made.firstElementChild, choices)));
  return made;
}
