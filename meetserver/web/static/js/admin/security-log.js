/** What happened that matters to security: newest first, by kind, person and time. */
import * as api from "../http/admin.js";
import { h } from "../ui/dom.js";
import { field } from "../ui/form.js";
import { pagedList } from "../ui/pages.js";
import { card } from "../ui/sections.js";
import { choiceField } from "../ui/switch.js";
import { moment } from "../ui/time.js";
import { TYPES } from "./event-types.js";

export function securityLogSection() {
  const type = choiceField({ label: "What", name: "type", options: { "": "Everything", ...Object.fromEntries(TYPES.map((one) => [one, one])) } });
  const actor = field({ label: "By whom", name: "actor", placeholder: "Id of an account", autocomplete: "off", maxlength: 64, pattern: "[A-Za-z0-9]*", title: "Letters and digits" });
  const subject = field({ label: "To whom or what", name: "subject", placeholder: "Id", autocomplete: "off", maxlength: 64, pattern: "[A-Za-z0-9]*", title: "Letters and digits" });
  const since = field({ label: "Since", type: "datetime-local", name: "since" });
  const fields = [type, actor, subject, since];
  const list = pagedList({
    load: (cursor) => api.securityLog({ type: type.input.value, actor: actor.input.value, subject: subject.input.value, since: since.input.value && new Date(since.input.value).toISOString(), cursor }),
    render: (event) => entry(event, { actor, subject, reload: list.reload }),
    empty: "Nothing fits.",
    more: "Show older ones",
  });
  for (const one of fields) {
    one.input.addEventListener("change", () => {
      if (!one.input.validity.valid) return one.fail(one.input.validationMessage);
      return void list.reload();
    });
  }
  return card("Events", h("div", { class: "filters four" }, ...fields.map((one) => one.element)), list.element);
}

function entry(event, filter) {
  const about = Object.entries(event.data).map(([name, value]) => `${name.replaceAll("_", " ")}: ${value}`);
  return h(
    "details",
    { class: "event" },
    h("summary", {}, h("code", { class: "what", text: event.type }), h("span", { class: "muted when", text: moment(event.at) }), h("span", { class: "muted", text: [event.address, ...about].filter(Boolean).join(" · ") })),
    h(
      "dl",
      {},
      ...row("By", who(event.actor, filter.actor, filter.reload, "not signed in")),
      ...row("To", who(event.subject, filter.subject, filter.reload, "–")),
      ...row("Browser", event.user_agent || "–"),
      ...row("Request", event.request_id || "–"),
      ...row("Line", `${event.seq}, ${event.hash}`),
    ),
  );
}

function row(term, value) {
  return [h("dt", { text: term }), h("dd", {}, value)];
}

/** An id that shows, at a press, all that is by or to it. */
function who(id, field, reload, otherwise) {
  if (!id) return otherwise;
  return h("button", { type: "button", class: "link", text: id, title: "Show only these", on: { click: () => ((field.input.value = id), void reload(), field.input.focus()) } });
}
