/** A press that asks the server for something: busy meanwhile, and a word on how it went. */
import { button, whileBusy } from "./dom.js";
import { explain } from "./explain.js";
import { toast } from "./toast.js";

/** @param {any} what as for `button`, but `act`: what to do; what it returns is said, if it is text */
export function actButton({ act, ...rest }) {
  const made = button({ ...rest, onClick: () => void whileBusy(made, () => attempt(act)) });
  return made;
}

export async function attempt(act) {
  try {
    const said = await act();
    if (typeof said === "string") toast(said);
  } catch (error) {
    toast(explain(error), { kind: error.code === "cancelled" ? "info" : "bad" });
  }
}
