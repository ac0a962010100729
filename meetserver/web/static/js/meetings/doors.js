/** The settings of a meeting's doors as fields: where one is made, and where it is changed. */
import { chatRules } from "../chat/rules.js";
import { button, h } from "../ui/dom.js";
import { field } from "../ui/form.js";
import { switchField } from "../ui/switch.js";

const SWITCHES = {
  lobby: ["Waiting room", "A host or co-host lets people in one by one."],
  only_signed_in: ["Only people with an account", "Guests are asked to sign in first."],
  only_invited: ["Only invited people", "Those on the list of invited people, and whoever has a guest link."],
  locked: ["Locked", "Nobody comes in but hosts and co-hosts."],
  chat: ["Chat", "People may write messages."],
  chat_private: ["Private messages", "People may write to some alone."],
  chat_search: ["Search in the chat", "The server keeps an index of the words in messages, which is not encrypted. Without it none are found."],
  whiteboard: ["Whiteboard", "People may draw on the board."],
  e2ee: ["End-to-end encrypted chat", "Only those who are there can read it, only while they are there, and not the server. The whiteboard, calls, files and recordings are not covered. It is settled when the first one comes in."],
};
const CODE_CHARS = "abcdefghjkmnpqrstuvwxyz23456789"; // none that is taken for another when read out
const CODE_LENGTH = 9;
const MAX_PEOPLE = 10_000;
const MAX_DAYS = 36_500;
const MAX_RETENTION_DAYS = 3650;

const BRIEF = ["lobby", "only_signed_in", "only_invited", "e2ee"];

/**
 * @param {any} settings of the meeting as they are
 * @param {{isBrief?: boolean}} [how] only what matters when a meeting is made
 * @returns {{fields: any[], element: HTMLElement, read: () => any}} `read`: the settings as chosen
 */
export function doorFields(settings, { isBrief = false } = {}) {
  const switches = (isBrief ? BRIEF : Object.keys(SWITCHES)).map((name) => {
    const [label, hint] = SWITCHES[name];
    return { name, ...switchField({ label, hint, name, checked: Boolean(settings[name]) }) };
  });
  const passcode = passcodeField(settings.passcode);
  const people = !isBrief && field({ label: "How many people at most", name: "max_participants", type: "number", min: 1, max: MAX_PEOPLE, required: true, value: settings.max_participants ?? 100 });
  const rules = isBrief ? [] : chatRules(settings);
  const days = !isBrief && field({ label: "Delete files after so many days", hint: "Empty: they are kept as long as the meeting, or as long as the server keeps any.", name: "files_kept_days", type: "number", min: 1, max: MAX_DAYS, value: settings.files_kept_days });
  const kept = !isBrief && field({ label: "Delete messages, and who was there, after so many days", hint: "Empty: they are kept as long as the meeting, or as long as the server keeps any. What stands on the board stays.", name: "retention_days", type: "number", min: 1, max: MAX_RETENTION_DAYS, value: settings.retention_days });
  const read = () => ({
    ...Object.fromEntries(switches.map(({ name, input }) => [name, input.checked])),
    ...Object.fromEntries(rules.map((rule) => [rule.name, rule.read()])),
    passcode: passcode.input.value.trim() || null,
    ...(people && { max_participants: Number(people.input.value) }),
    ...(kept && { retention_days: Number(kept.input.value) || null }),
    ...(days && { files_kept_days: Number(days.input.value) || null }),
  });
  const element = h("div", { class: "stack" }, h("div", { class: "switches" }, ...switches.map((one) => one.element)), ...rules.map((rule) => rule.element), passcode.element, people && people.element, kept && kept.element, days && days.element);
  return { fields: [passcode, people, kept, days].filter(Boolean), element, read };
}

function passcodeField(value) {
  const made = field({ label: "Passcode", hint: "Empty: none is asked for. Guest links need none.", name: "passcode", maxlength: 200, autocomplete: "off", autocapitalize: "off", spellcheck: "false", value: value ?? "" });
  const suggest = button({ label: "Make one", type: "button", onClick: () => ((made.input.value = randomCode()), made.input.focus()) });
  const row = h("div", { class: "beside" });
  made.input.replaceWith(row);
  row.append(made.input, suggest);
  return made;
}

function randomCode() {
  // 256 is no multiple of the alphabet's 31: what is left over is drawn again.
  const code = [];
  while (code.length < CODE_LENGTH) {
    const [byte] = crypto.getRandomValues(new Uint8Array(1));
    if (byte < 256 - (256 % CODE_CHARS.length)) code.push(CODE_CHARS[byte % CODE_CHARS.length]);
  }
  return code.join("");
}
