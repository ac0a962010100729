/** The receipt of a deleted account: whoever has its address sees how far it is, and nothing about who it was. */
import * as api from "../http/accounts.js";
import { copyText } from "../ui/clipboard.js";
import { button, h, icon, setTitle, show } from "../ui/dom.js";
import { explain } from "../ui/explain.js";
import { moment } from "../ui/time.js";

const AGAIN_MS = 2000;

export function erasurePage(id) {
  setTitle("Your receipt");
  const heading = h("h1", { tabindex: "-1", text: "Your account is being deleted" });
  const state = h("p", { role: "status", text: "Asking how far it is…" });
  const counts = h("dl", { class: "counts" });
  show(
    h(
      "div",
      { class: "page centre" },
      h("div", { class: "big-icon" }, icon("trash")),
      heading,
      state,
      counts,
      h("p", { class: "muted" }, "Receipt ", h("code", { text: id })),
      h("div", { class: "row" }, button({ label: "Copy the receipt’s address", icon: "copy", onClick: () => void copyText(location.href, "The address is copied.") }), h("a", { class: "button", href: "/", text: "To the start page" })),
    ),
  );
  heading.focus();
  void follow(id, { heading, state, counts });
}

async function follow(id, { heading, state, counts }) {
  while (heading.isConnected) {
    try {
      const receipt = await api.erasure(id);
      if (receipt.state === "done") {
        heading.textContent = "Your account is deleted";
        state.textContent = `Asked for ${moment(receipt.requested_at)}, done ${moment(receipt.finished_at)}.`;
        counts.replaceChildren(...Object.entries(receipt.report).flatMap(([part, kinds]) => Object.entries(kinds).filter(([, count]) => count > 0).map(([kind, count]) => row(`${part}: ${kind.replaceAll("_", " ")}`, count))));
        return;
      }
      state.textContent = "You are signed out everywhere. What is left goes in a moment; this page says when.";
    } catch (error) {
      state.textContent = error.status === 404 ? "There is no such receipt. The address may have lost a part on its way." : explain(error);
      if (error.status === 404) return;
    }
    await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
  }
}

function row(what, count) {
  return h("div", {}, h("dt", { text: what }), h("dd", { text: String(count) }));
}
