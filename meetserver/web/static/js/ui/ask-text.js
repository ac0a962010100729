/** A dialog with one line of text. */
import { openDialog } from "./dialog.js";
import { field, form } from "./form.js";

/** @param {{title: string, label: string, hint?: string, value?: string, yes: string}} what @returns {Promise<string|undefined>} undefined: closed without an answer */
export async function askText({ title, label, hint, value, yes }) {
  const text = field({ label, hint, value, required: true, maxlength: 80, autocomplete: "off" });
  const { element } = form({ fields: [text], submit: yes, onSubmit: async () => close(text.input.value.trim()) });
  const { closed, close } = openDialog({ title, body: element });
  text.input.select();
  return closed;
}
