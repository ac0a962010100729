/** Which panel is open: chat, people or files at the side (a sheet on a phone), the board on the stage. */
import { button, h } from "../ui/dom.js";

export class Panels {
  element = h("aside", { class: "side", hidden: true });
  onChange = () => {};
  open = null;
  #panels = {};
  #opener = null;

  /** @param {Record<string, {title: string, view: {element: HTMLElement, tools?: HTMLElement[], opened?: () => void, closed?: () => void}}>} panels */
  constructor(panels) {
    for (const [name, { title, view }] of Object.entries(panels)) {
      const id = `panel-${name}`;
      const section = h(
        "section",
        { class: "panel", id, hidden: true, "aria-labelledby": `${id}-title` },
        h("header", { class: "panel-head" }, h("h2", { id: `${id}-title`, text: title }), ...(view.tools ?? []), button({ label: `Close ${title.toLowerCase()}`, icon: "close", class: "quiet icon-only", onClick: () => this.close() })),
        view.element,
      );
      this.#panels[name] = { section, view };
      this.element.append(section);
    }
  }

  toggle(name) {
    if (this.open === name) this.close();
    else this.show(name);
  }

  show(name) {
    this.#opener = document.activeElement;
    this.#switch(name);
    this.#panels[name].view.opened?.();
    if (!this.element.contains(document.activeElement)) this.#panels[name].section.querySelector("button")?.focus();
  }

  /** @returns {boolean} whether one was open */
  close() {
    if (!this.open) return false;
    // Browsers take the focus from what is hidden only with the next frame: keys would still go there.
    if (this.element.contains(document.activeElement)) document.activeElement.blur();
    this.#switch(null);
    if (this.#opener?.isConnected) this.#opener.focus();
    return true;
  }

  #switch(name) {
    if (this.open) this.#panels[this.open].view.closed?.();
    this.open = name;
    this.element.hidden = name === null;
    for (const [known, { section }] of Object.entries(this.#panels)) section.hidden = known !== name;
    this.onChange(name);
  }
}
