/** Who is signed in on this page, and on the other pages of this browser. */
import { Emitter } from "../emitter.js";
import * as api from "../http/accounts.js";
import { whenAsked } from "../http/api.js";
import { forgetEverything } from "../ui/storage.js";

/** Topics: `change` with the user or null; `elsewhere`: that came about by no press on this page. */
class Account extends Emitter {
  /** @type {{id: string, name: string, email: string, roles: string[], timezone: string|null}|null} */
  user = null;
  #loading = null;
  #otherPages = new BroadcastChannel("meet.account");

  constructor() {
    super();
    this.#otherPages.addEventListener("message", () => void this.load());
    document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && this.user && void this.load());
    whenAsked({ signedOut: () => void this.load() });
  }

  /** Ask the server who the cookie says we are. Out of reach: what was known stays, and what needs the server says so. */
  load() {
    this.#loading ??= this.#load().finally(() => (this.#loading = null));
    return this.#loading;
  }

  async #load() {
    const before = this.user;
    try {
      this.#set(await api.whoAmI());
    } catch {
      return;
    }
    if (before?.id !== this.user?.id) this.emit("elsewhere", this.user);
  }

  /** @returns {Promise<any>} the challenge for a second factor, or null: signed in */
  async signIn(email, password) {
    return this.#arrive(await api.login(email, password));
  }

  answerFactor = async (answer) => this.#arrive(await api.answerFactor(answer));

  signInByPasskey = async (token, passkey) => this.#arrive(await api.signInByPasskey(token, passkey));

  async signOut() {
    try {
      await api.logout();
    } catch (error) {
      if (error.status !== 401) throw error; // signed out elsewhere: the same end
    }
    this.#set(null);
    this.#otherPages.postMessage("signed out");
  }

  /** The account's own words about itself, as the server gave them after a change. */
  update(user) {
    this.#set(user);
    this.#otherPages.postMessage("changed");
  }

  /** There is no such account any more. */
  gone() {
    this.update(null);
  }

  #arrive(answer) {
    if (!answer.user) return answer;
    this.update(answer.user);
    return null;
  }

  #set(user) {
    if (this.user && this.user.id !== user?.id) forgetEverything();
    this.user = user;
    this.emit("change", user);
  }
}

export const account = new Account();
