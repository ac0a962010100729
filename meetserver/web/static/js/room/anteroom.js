/** What is shown before one is inside: that it connects, or that a host has to open. */
import { previewOf } from "../media/preview.js";
import { button, h, setTitle, show } from "../ui/dom.js";

const CONNECTING = "Joining the meeting…";
const SLOW = "Connecting takes longer than it should. Trying again…";
const LOST = "Connection lost. Reconnecting… Your place in the queue is kept.";

export class Anteroom {
  #title;
  #status = h("p", { role: "status", text: CONNECTING });
  #element = h("div", { class: "page centre" }, h("div", { class: "spinner" }), this.#status);
  #how;
  #stop = () => {};
  #isWaiting = false;

  /** @param {{title: string, name: string, host: string, local: any, onLeave: () => void}} how */
  constructor(how) {
    this.#how = how;
    this.#title = how.title || "Meeting";
  }

  /** @param {any} status the session's */
  update(status) {
    if (status.state === "waiting") this.#wait();
    else if (status.state === "reconnecting") this.#status.textContent = this.#isWaiting ? LOST : SLOW;
    if (!this.#element.isConnected) show(this.#element);
  }

  close() {
    this.#stop();
    this.#isWaiting = false;
  }

  #wait() {
    this.#status.textContent = `${this.#how.host || "A host"} will let you in.`;
    if (this.#isWaiting) return;
    this.#isWaiting = true;
    const preview = previewOf(this.#how.local, () => this.#how.name);
    this.#stop = preview.stop;
    setTitle(`Waiting · ${this.#title}`);
    const heading = h("h1", { tabindex: "-1", id: "anteroom-title", text: "Please wait" });
    this.#element = h(
      "div",
      { class: "page centre anteroom" },
      preview.element,
      h(
        "section",
        { class: "stack", "aria-labelledby": heading.id },
        h("p", { class: "badge", text: this.#title }),
        heading,
        this.#status,
        h("p", { class: "muted", text: "Nobody sees or hears you yet. You keep your place, also if you load this page again." }),
        h("div", { class: "row" }, button({ label: "Leave the queue", onClick: this.#how.onLeave })),
      ),
    );
    show(this.#element);
    heading.focus();
  }
}
