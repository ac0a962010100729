/** Recovery codes, shown once: to copy, to keep as a file, to print. */
import { button, h, notice } from "../ui/dom.js";
import { openDialog } from "../ui/dialog.js";
import { download } from "../ui/download.js";
import { copyText } from "../ui/clipboard.js";
import { account } from "./session.js";

/** @param {string[]} codes none: those from an earlier factor still hold, and nothing is shown @returns {Promise<void>} when they were put away */
export async function showRecoveryCodes(codes) {
  if (codes.length === 0) return;
  const text = `Recovery codes for ${account.user.email} at ${location.host}\nEach works once.\n\n${codes.join("\n")}\n`;
  const { closed } = openDialog({
    title: "Your recovery codes",
    body: [
      h("p", { text: "If you lose your phone or key, one of these lets you in. Each works once. Keep them where you keep your passwords." }),
      h("ul", { class: "codes", "aria-label": "Recovery codes" }, ...codes.map((code) => h("li", {}, h("code", { text: code })))),
      h("div", { class: "row no-print" }, button({ label: "Copy", icon: "copy", onClick: () => void copyText(text, "The codes are copied.") }), button({ label: "Download", icon: "download", onClick: () => download("recovery-codes.txt", "text/plain", text) }), button({ label: "Print", icon: "print", onClick: () => print() })),
      notice("warn", "They are shown only now."),
    ],
    actions: [{ label: "I have kept them", value: true, class: "primary" }],
  });
  await closed;
}
