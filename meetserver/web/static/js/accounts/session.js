/** Who is signed in on this page. */
import { Emitter } from "../emitter.js";
import * as api from "../http/api.js";

class Account extends Emitter {
  /** @type {{id: string, name: string, email: string}|null} */
  user = null;

  async load() {
    try {
      this.#set(await api.whoAmI());
    } catch {
      this.#set(null); // not reachable: the page that needs the server says so itself
    }
  }

  async signIn(email, password) {
    this.#set(await api.login(email, password));
  }

  async signOut() {
    try {
      await api.logout();
    } catch (error) {
      if (error.status !== 401) throw error; // signed out elsewhere: the same end
    }
    this.#set(null);
  }

  #set(user) {
    this.user = user;
    this.emit("change", user);
  }
}

export const account = new Account();
