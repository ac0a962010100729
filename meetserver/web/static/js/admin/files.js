/** How much there is in files, whose, of which kind, and how much more fits. */
import * as api from "../http/admin.js";
import { sizeText } from "../ui/bytes.js";
import { h } from "../ui/dom.js";
import { loaded } from "../ui/loaded.js";
import { card } from "../ui/sections.js";
import { share } from "../ui/share.js";
import { table } from "../ui/table.js";

const KINDS = { application: "Documents, archives and others", audio: "Sound", image: "Images", text: "Text", video: "Films" };
const FILES = { title: "Files", text: (one) => count(one.files), class: "count" };
const SIZE = { title: "Size", text: (one) => sizeText(one.bytes), class: "count" };

const count = (number) => number.toLocaleString();

export function filesSection() {
  return loaded(api.fileUsage, (usage) => [
    card("All files", ...room(usage), numbers(usage)),
    card("Kinds", listed("Kinds", usage.kinds.map((one) => ({ id: one.kind, ...one })), { title: "Kind", text: (one) => KINDS[one.kind] ?? one.kind, kind: () => "" }, FILES, SIZE)),
    card("Accounts with the most", listed("Accounts", usage.accounts, { title: "Address", text: (one) => one.email, kind: () => "" }, { title: "Name", text: (one) => one.name }, FILES, SIZE)),
    card("Meetings with the most", listed("Meetings", usage.meetings, { title: "Meeting", text: (one) => one.id }, { title: "Owner", text: (one) => one.owner_id, class: "wide" }, FILES, SIZE)),
  ]);
}

function room(usage) {
  const bars = [];
  if (usage.quota_bytes) bars.push(share({ label: "Of all files", text: `${sizeText(usage.bytes)} of ${sizeText(usage.quota_bytes)}`, used: usage.bytes, most: usage.quota_bytes }));
  if (usage.free_bytes !== null) {
    const left = Math.max(0, usage.free_bytes - usage.reserve_bytes);
    bars.push(h("p", { text: left ? `The disk has room for ${sizeText(left)} more.` : `The disk has no room for more: ${sizeText(usage.reserve_bytes)} are to stay free.` }));
  }
  return bars;
}

function numbers(usage) {
  const words = (one) => `${count(one.files)} ${one.files === 1 ? "file" : "files"}, ${sizeText(one.bytes)}`;
  const some = (one) => (one.files ? `${one.files >= usage.counted_up_to ? "at least " : ""}${words(one)}` : "none");
  const rows = {
    "All together": words(usage),
    "Being uploaded": some(usage.uploads),
    "Held back, not yet scanned": some(usage.held),
    "Deleted, in the store for a day": some(usage.deleted),
  };
  return h("dl", { class: "numbers" }, ...Object.entries(rows).flatMap(([term, text]) => [h("dt", { text: term }), h("dd", { text })]));
}

function listed(name, items, ...columns) {
  const made = table({ name, empty: "There are no files.", columns });
  made.update(items);
  return made.element;
}
