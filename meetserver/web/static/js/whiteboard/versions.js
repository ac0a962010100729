/** Versions of the board: kept under a name, brought back, dropped. */
import { confirm, openDialog } from "../ui/dialog.js";
import { button, h } from "../ui/dom.js";
import { field, form } from "../ui/form.js";
import { moment } from "../ui/time.js";

/** @param {{store: any, easel: any}} parts */
export function openVersions({ store, easel }) {
  const name = field({ label: "Name", value: `Board of ${moment(Date.now())}`, required: true, maxlength: 80, autocomplete: "off" });
  const { element } = form({ fields: [name], submit: "Save this version", onSubmit: async () => void (await easel.command("whiteboard.save", { name: name.input.value.trim() })) });
  const list = h("ul", { class: "versions", "aria-label": "Saved versions" });
  const update = () => {
    const { versions } = store.board;
    list.replaceChildren(...(versions.length > 0 ? [...versions].reverse().map((version) => entry(version, store, easel)) : [h("li", { class: "muted", text: "Nothing is saved yet." })]));
  };
  update();
  const unlisten = store.on("versions", update);
  const { closed } = openDialog({ title: "Versions", body: [...(easel.refusal ? [] : [element]), list] });
  void closed.then(unlisten);
}

function entry(version, store, easel) {
  const by = store.participants.get(version.by)?.name ?? "somebody who left";
  const restore = async () => {
    const sure = await confirm({ title: `Restore “${version.name}”?`, text: "The board becomes what it was, on all its pages. You can undo it.", yes: "Restore" });
    if (sure) await easel.command("whiteboard.restore", { version: version.id });
  };
  const discard = async () => {
    const sure = await confirm({ title: `Discard “${version.name}”?`, text: "It cannot be restored any more.", yes: "Discard", danger: true });
    if (sure) await easel.command("whiteboard.discard", { version: version.id });
  };
  return h(
    "li",
    { data: { version: version.id } },
    h("div", { class: "about" }, h("strong", { text: version.name }), h("div", { class: "muted", text: `${by}, ${moment(version.at)}` })),
    store.isModerator && button({ label: "Restore", onClick: () => void restore() }),
    store.isModerator && button({ label: `Discard ${version.name}`, icon: "trash", class: "quiet icon-only", onClick: () => void discard() }),
  );
}
