/** Says whether we are connected: a line over the room, and a small mark that stays. */
import { h, icon } from "../ui/dom.js";

const BACK_MS = 4500;

export class Banner {
  #text = h("span");
  #mark = h("span");
  #timer;
  /** Read aloud as it changes. */
  element = h("div", { class: "banner", role: "status", data: { state: "connecting" } }, this.#mark, this.#text);

  /** @param {{session: any, bag: any}} parts */
  constructor({ session, bag }) {
    bag.add(session.on("status", (status) => this.#show(status)));
    bag.add(() => clearTimeout(this.#timer));
    this.#say("connecting", "Connecting…", "away");
  }

  #show(status) {
    clearTimeout(this.#timer);
    if (status.state === "reconnecting" && status.isFirst) this.#say("connecting", "Connecting takes longer than it should. Trying again…", "away");
    else if (status.state === "reconnecting") this.#say("reconnecting", "Connection lost. Reconnecting… What you write is kept.", "away");
    else if (status.state === "online" && status.isBack) {
      if (status.recovered) this.#say("recovered", "Back – nothing was lost.", "check");
      else this.#say("renewed", "Back – the room was loaded anew.", "check");
      this.#timer = setTimeout(() => this.#say("online", "", "check"), BACK_MS);
    } else if (status.state === "online") this.#say("online", "", "check");
  }

  #say(state, text, mark) {
    this.element.dataset.state = state;
    if (state === "recovered") this.element.dataset.recoveries = String(Number(this.element.dataset.recoveries ?? 0) + 1);
    this.#mark.replaceChildren(icon(mark));
    this.#text.textContent = text;
  }
}
