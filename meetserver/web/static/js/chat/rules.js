/** What hosts decide about a meeting's chat, as fields: in the meeting, and in its settings. */
import { choiceField } from "../ui/switch.js";

const CHOICES = {
  chat_mode: { label: "Who writes in the chat", options: { all: "Everybody", hosts: "Only hosts and co-hosts" }, read: String },
  chat_slow_s: { label: "Slow mode", options: { 0: "Off", 5: "A message every 5 seconds", 15: "A message every 15 seconds", 60: "A message a minute", 300: "A message every 5 minutes" }, read: Number },
};

/** @param {any} settings @returns {{name: string, element: HTMLElement, show: (settings: any) => void, read: () => any, input: HTMLSelectElement}[]} */
export function chatRules(settings) {
  return Object.entries(CHOICES).map(([name, { label, options, read }]) => {
    const { element, input } = choiceField({ label, options, name });
    const show = (now) => {
      const value = String(now[name]);
      const isListed = [...input.options].some((one) => one.value === value);
      if (!isListed) input.append(new Option(`A message every ${value} seconds`, value)); // another client's choice
      input.value = value;
    };
    show(settings);
    return { name, element, input, show, read: () => read(input.value) };
  });
}
