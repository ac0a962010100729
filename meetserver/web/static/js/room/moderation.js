/** What hosts and co-hosts do with others; what goes wrong is said, and nothing is thrown. */
import { confirm } from "../ui/dialog.js";
import { explain } from "../ui/explain.js";
import { toast } from "../ui/toast.js";

const REMOVAL = "They leave in all their windows, and cannot come back with the same account or browser until somebody lifts it in the meeting’s settings.";
const BAN = "They leave in all their windows and cannot come back. Guests from their address cannot come in either, until somebody lifts it in the meeting’s settings.";

export class Moderation {
  #session;
  #store;

  /** @param {{session: any, store: any}} parts */
  constructor({ session, store }) {
    this.#session = session;
    this.#store = store;
  }

  admit(one) {
    return this.#do("participant.admit", { participant: one.id });
  }

  admitAll() {
    return this.#do("participant.admit", { all: true });
  }

  deny(one) {
    return this.#do("participant.deny", { participant: one.id });
  }

  async mute(one, kind) {
    const what = { audio: `${one.name} is asked to be quiet.`, video: `${one.name} is asked to turn the camera off.`, screen: `${one.name} is asked to stop sharing.` };
    if (await this.#do("participant.mute", { participant: one.id, kind })) toast(what[kind]);
  }

  async setRole(one, role) {
    const names = { host: "a host", cohost: "a co-host", participant: "a participant", viewer: "a viewer" };
    if (await this.#do("participant.set_role", { participant: one.id, role })) toast(`${one.name} is now ${names[role]}.`);
  }

  async remove(one) {
    const sure = await confirm({ title: `Remove ${one.name}?`, text: REMOVAL, yes: "Remove", danger: true });
    if (sure) await this.#do("participant.remove", { participant: one.id });
  }

  async ban(one) {
    const sure = await confirm({ title: `Ban ${one.name}?`, text: BAN, yes: "Ban", danger: true });
    if (sure) await this.#do("participant.ban", { participant: one.id });
  }

  unban(ban) {
    return this.#do("participant.unban", { ban });
  }

  /** @param {Record<string, boolean|string|number>} settings */
  change(settings) {
    return this.#do("room.settings", settings);
  }

  /** A cohost cannot send a host out, and nobody themself. */
  maySendOut(one) {
    const { self, isHost, isModerator } = this.#store;
    return one.id !== self.participant && (isHost || (isModerator && one.role !== "host"));
  }

  /** @returns {Promise<boolean>} whether it was done */
  async #do(type, data) {
    try {
      await this.#session.durable(type, data);
      return true;
    } catch (error) {
      if (this.#session.status.state !== "ended") toast(explain(error), { kind: "bad" });
      return false;
    }
  }
}
