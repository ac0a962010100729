/** Copying a link, also where the page may not use the clipboard: then the link is shown, selected. */
import { h } from "./dom.js";
import { openDialog } from "./dialog.js";
import { toast } from "./toast.js";

export async function copyLink(link) {
  if ((await copyByPermission(link)) || copyBySelection(link)) return void toast("Link copied. Send it to the people you want to meet.");
  const input = h("input", { class: "input", readonly: true, value: link, "aria-label": "Link to the meeting" });
  openDialog({ title: "Copy this link", body: [h("p", { text: "The browser does not let this page copy. The link is selected: press Ctrl+C (⌘C on a Mac), or hold it on a phone." }), input] });
  input.focus();
  input.select();
}

/** Text that stands on the page anyhow: where copying is forbidden, it can be selected there. */
export async function copyText(text, done) {
  if ((await copyByPermission(text)) || copyBySelection(text)) return toast(done);
  return toast("The browser does not let this page copy. Select the text and copy it by hand.", { kind: "bad" });
}

async function copyByPermission(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false; // no permission, or not a secure page
  }
}

function copyBySelection(text) {
  const area = h("textarea", { class: "visually-hidden", text, "aria-hidden": "true" });
  const before = document.activeElement;
  (document.querySelector("dialog[open]:last-of-type") ?? document.body).append(area); // outside of a dialog nothing can be selected
  area.select();
  let done = false;
  try {
    done = document.execCommand("copy");
  } catch {
    done = false;
  }
  area.remove();
  before?.focus?.();
  return done;
}
