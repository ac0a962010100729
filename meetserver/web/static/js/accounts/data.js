/** A copy of one's data, and the end of the account. */
import * as api from "../http/accounts.js";
import { go } from "../router.js";
import { actButton } from "../ui/act.js";
import { openDialog } from "../ui/dialog.js";
import { h, notice } from "../ui/dom.js";
import { download } from "../ui/download.js";
import { field, form } from "../ui/form.js";
import { card } from "../ui/sections.js";
import { account } from "./session.js";

export function dataSection() {
  return h(
    "div",
    { class: "stack" },
    card("Take your data with you", h("p", { class: "muted", text: "All that this server knows about you, as a JSON file." }), h("div", {}, actButton({ label: "Download my data", icon: "download", act: take }))),
    card(
      "Delete the account",
      h("p", { class: "muted", text: "Your account, your meetings, and what you wrote in meetings go for good. You get a receipt that says when all is gone." }),
      h("div", {}, actButton({ label: "Delete my account…", icon: "trash", class: "danger", act: async () => askToDelete() })),
    ),
  );
}

async function take() {
  download("meetserver-export.json", "application/json", JSON.stringify(await api.exportMe(), null, 2));
  return "Your data is being downloaded.";
}

function askToDelete() {
  const address = account.user.email;
  const typed = field({ label: `To go on, type your address: ${address}`, name: "delete", autocomplete: "off", autocapitalize: "none", spellcheck: "false", required: true });
  const { element, send } = form({
    fields: [typed],
    submit: "Delete for good",
    onSubmit: async () => {
      if (typed.input.value.trim().toLowerCase() !== address.toLowerCase()) return typed.fail(`That is not ${address}.`);
      const { id } = await api.deleteMe();
      dialog.close();
      account.gone();
      go(`/erasures/${encodeURIComponent(id)}`, { replace: true });
    },
  });
  send.classList.replace("primary", "danger");
  const dialog = openDialog({ title: "Delete your account?", body: [notice("bad", "This cannot be undone. Meetings that you host end at once, and nobody can sign in to this account any more."), element] });
  typed.input.focus();
}
