/** Accounts at providers that sign in here. */
import * as api from "../http/accounts.js";
import { actButton } from "../ui/act.js";
import { confirm } from "../ui/dialog.js";
import { h } from "../ui/dom.js";
import { card } from "../ui/sections.js";
import { day } from "../ui/time.js";
import { listed } from "./providers.js";
import { line } from "./second-step.js";

export const linkedCard = {
  load: async () => ({ providers: await listed(), identities: (await api.identities()).items }),

  /** Nothing on a server without providers. */
  render: ({ providers, identities }, reload) => {
    if (providers.length + identities.length === 0) return [];
    const linked = new Set(identities.map(({ provider }) => provider));
    const open = providers.filter(({ name }) => !linked.has(name));
    return [
      card(
        "Linked accounts",
        h("p", { class: "muted", text: "Sign in here by an account that you have elsewhere." }),
        h("ul", { class: "lines" }, ...identities.map((identity) => h("li", {}, entry(identity, reload)))),
        open.length > 0 && h("div", { class: "row" }, ...open.map((provider) => actButton({ label: `Link ${provider.title}`, icon: "plus", act: () => link(provider) }))),
      ),
    ];
  },
};

function entry(identity, reload) {
  return line(identity.title, `Linked ${day(identity.created_at)} · used ${day(identity.last_used_at)}`, actButton({ label: "Unlink", "aria-label": `Unlink ${identity.title}`, class: "quiet", act: () => unlink(identity, reload) }));
}

async function link(provider) {
  const { url } = await api.linkIdentity(provider.name, location.pathname);
  location.assign(url);
}

async function unlink(identity, reload) {
  if (!(await confirm({ title: `Unlink ${identity.title}?`, text: "It will no longer sign in to this account.", yes: "Unlink", danger: true }))) return undefined;
  await api.unlinkIdentity(identity.id);
  await reload();
  return `${identity.title} is unlinked.`;
}
