/** Rooms that are awake or in quarantine: whose each is, how it does, and having it move or rest. */
import { account } from "../accounts/session.js";
import * as api from "../http/admin.js";
import { actButton } from "../ui/act.js";
import { confirm, openDialog } from "../ui/dialog.js";
import { h } from "../ui/dom.js";
import { field } from "../ui/form.js";
import { card } from "../ui/sections.js";
import { choiceField } from "../ui/switch.js";
import { table } from "../ui/table.js";
import { mayChange } from "./sections.js";
import { ms } from "./shards.js";

const SHOWN = 50;

export function roomsCard(refresh) {
  let shards = [];
  const search = field({ label: "Find a room", type: "search", name: "room", placeholder: "Its id", autocomplete: "off", autocapitalize: "none", spellcheck: "false", maxlength: 64, pattern: "\\s*[A-Za-z0-9]*\\s*", title: "Letters and digits" });
  const shard = choiceField({ label: "Shard", name: "shard", options: { "": "All" } });
  const count = h("p", { class: "muted", role: "status" });
  const columns = [
    { title: "Room", text: (room) => room.id },
    { title: "Shard", text: (room) => (room.is_quarantined ? "in quarantine" : room.owner), kind: (room) => (room.is_quarantined ? "badge bad" : "") },
    { title: "Members", text: (room) => String(room.members), class: "count" },
    { title: "Waiting", text: (room) => String(room.mailbox), class: "count" },
    { title: "Commit lag", text: (room) => ms(room.commit_lag_ms), class: "count" },
    { title: "Epoch", text: (room) => String(room.epoch), class: "count wide" },
  ];
  const act = { label: "Manage", of: (room) => `room ${room.id}`, on: (room) => manage(room, shards, refresh) };
  const list = table({ name: "Rooms", empty: "No such room is awake.", columns, act: mayChange(account.user, "rooms") ? act : undefined });
  search.input.addEventListener("input", () => void refresh());
  shard.input.addEventListener("change", () => void refresh());
  const load = async () => {
    const { items, total } = await found(search.input, shard.input.value);
    list.update(items);
    const text = items.length < total ? `The ${items.length} busiest of ${total} rooms.` : `${total} ${total === 1 ? "room" : "rooms"}.`;
    if (count.textContent !== text) count.textContent = text;
  };
  const know = (now) => {
    shards = now;
    offer(shard.input, now);
  };
  return { element: card("Rooms", h("div", { class: "filters" }, search.element, shard.element), count, list.element), load, know };
}

async function found(search, shard) {
  const id = search.value.trim();
  if (!id) return api.rooms({ shard, limit: SHOWN });
  const room = search.validity.valid ? await api.room(id).catch(unlessMissing) : null;
  return room ? { items: [room], total: 1 } : { items: [], total: 0 };
}

function unlessMissing(error) {
  if (error.code === "not_found") return null;
  throw error;
}

/** Those that are up as choices, beside the one that is chosen. */
function offer(select, shards) {
  const wanted = ["", ...new Set([...shards.map((shard) => shard.id), ...(select.value ? [select.value] : [])])];
  const there = [...select.options].map((option) => option.value);
  if (wanted.join(" ") === there.join(" ")) return;
  const chosen = select.value;
  select.replaceChildren(...wanted.map((id) => h("option", { value: id, selected: id === chosen, text: id || "All" })));
}

function manage(room, shards, refresh) {
  const act = (label, ask, wish, said, kind = "") =>
    actButton({
      label,
      class: kind,
      act: async () => {
        if (ask && !(await confirm(ask))) return undefined;
        await wish();
        dialog.close();
        await refresh();
        return said();
      },
    });
  const others = shards.filter((shard) => shard.id !== room.owner && !shard.is_draining);
  const target = others.length > 0 && choiceField({ label: "Move to", name: "target", options: Object.fromEntries(others.map((shard) => [shard.id, shard.id])) });
  const move = target && act("Move", null, () => api.moveRoom(room.id, target.input.value), () => `The room is run by ${target.input.value} now.`);
  const sleep = act("Put to sleep", null, () => api.actOnRoom(room.id, "sleep"), () => "The room was saved. Whoever is in it wakes it again.");
  const rest = { title: "Quarantine this room?", text: "Everybody in it is sent out, and nobody comes in until you release it.", yes: "Quarantine", danger: true };
  const quarantine = act("Quarantine…", rest, () => api.actOnRoom(room.id, "quarantine"), () => "The room is closed to everybody.", "danger");
  const release = act("Release", null, () => api.actOnRoom(room.id, "release"), () => "The room may be entered again.", "primary");
  const acts = room.is_quarantined ? [release] : [sleep, quarantine];
  const dialog = openDialog({
    title: "Room",
    body: [numbers(room), !room.is_quarantined && target && h("div", { class: "with-act" }, target.element, move), h("div", { class: "row" }, ...acts)].filter(Boolean),
  });
}

function numbers(room) {
  const rows = { Id: h("code", { text: room.id }), Shard: room.is_quarantined ? "none: in quarantine" : room.owner, Members: room.members, "Commands waiting": room.mailbox, "Commit under way": ms(room.commit_lag_ms), Seq: room.seq, Epoch: room.epoch };
  return h("dl", { class: "numbers" }, ...Object.entries(rows).flatMap(([term, value]) => [h("dt", { text: term }), h("dd", {}, typeof value === "number" ? String(value) : value)]));
}
