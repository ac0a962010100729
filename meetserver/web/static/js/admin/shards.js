/** The processes that are up, what they carry, and having one hand over. */
import { account } from "../accounts/session.js";
import * as api from "../http/admin.js";
import { attempt } from "../ui/act.js";
import { confirm } from "../ui/dialog.js";
import { card } from "../ui/sections.js";
import { table } from "../ui/table.js";
import { mayChange } from "./sections.js";

const LEVELS = ["calm", "busy", "very busy", "overloaded"];

export function shardsCard(refresh) {
  let known = [];
  const columns = [
    { title: "Shard", text: (shard) => shard.id },
    { title: "State", text: state, kind: (shard) => `badge ${isWell(shard) ? "good" : "bad"}` },
    { title: "Rooms", text: (shard) => String(shard.rooms), class: "count" },
    { title: "Members", text: (shard) => String(shard.members), class: "count" },
    { title: "Loop lag", text: (shard) => ms(shard.loop_lag_ms), class: "count" },
    { title: "Commit lag", text: (shard) => ms(shard.commit_lag_ms), class: "count" },
    { title: "Address", text: (shard) => shard.address || "–", class: "wide" },
  ];
  const act = { label: "Drain", of: (shard) => shard.id, on: (shard) => void attempt(() => drain(shard, known, refresh)) };
  const list = table({ name: "Shards", empty: "None is up.", columns, act: mayChange(account.user, "rooms") ? act : undefined });
  const update = (items) => {
    known = items;
    list.update(items);
  };
  return { element: card("Shards", list.element), update };
}

export const ms = (value) => `${Math.round(value)} ms`;

const isWell = (shard) => !shard.is_draining && shard.level === 0 && shard.weight > 0;

function state(shard) {
  if (shard.is_draining) return "draining";
  if (shard.weight === 0 && shard.level === 0) return "full";
  return LEVELS[shard.level];
}

async function drain(shard, all, refresh) {
  const isLast = all.every((other) => other.id === shard.id || other.is_draining);
  const text = isLast
    ? "It is the only one that takes rooms: it saves them and ends, and people cannot meet until another is started."
    : "Its rooms move to the others, its people come back there within seconds, and then it ends.";
  if (!(await confirm({ title: `Drain ${shard.id}?`, text, yes: "Drain", danger: true }))) return undefined;
  await api.drainShard(shard.id);
  await refresh();
  return `${shard.id} is draining.`;
}
