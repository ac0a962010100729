/** An encrypted chat as a file, made where it can be read: as the server writes those that it can read. */
import { h } from "../ui/dom.js";
import { filesOf, whyEmpty } from "./text.js";

const STYLE =
  ":root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem}" +
  "ol{list-style:none;padding:0}li{margin:0 0 1rem;break-inside:avoid}p{margin:0}time,.note{opacity:.75;font-size:.9rem}" +
  ".said{white-space:pre-wrap;overflow-wrap:anywhere}";
const POLICY = "default-src 'none'; style-src 'unsafe-inline'";
// What does something to a terminal, or reorders text.
const CONTROLS = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

const FORMATS = {
  json: ["application/json", ({ messages }) => `[\n${messages.map((one) => JSON.stringify(opened(one))).join(",\n")}\n]\n`],
  text: ["text/plain", asText],
  html: ["text/html", asPage],
};

/**
 * @param {"json"|"html"|"text"} format
 * @param {{title: string, messages: any[], nameOf: (id: string) => string}} chat messages rising, opened
 * @returns {Blob}
 */
export function written(format, chat) {
  const [type, write] = FORMATS[format];
  return new Blob([write(chat)], { type: `${type}; charset=utf-8` });
}

const markup = (element) => new XMLSerializer().serializeToString(element);
const oneLine = (text) => text.replace(CONTROLS, " ");
const saidIn = (message) => message.text || (filesOf(message).length > 0 ? "" : whyEmpty(message));
const fileNames = (message) => filesOf(message).map(({ name }) => name);
const toIn = ({ to }, nameOf) => (to ? ` to ${to.map(nameOf).join(", ")} alone` : "");
const clock = (at) => `${at.slice(0, 10)} ${at.slice(11, 19)}`;

/** Without what seals it: the keys of its files are for those who were there. */
function opened({ ciphertext, key_id: keyId, enclosed, files, ...message }) {
  const shown = filesOf({ ...message, ciphertext, enclosed, files }).map(({ id, name, media_type: type, size_bytes: size }) => ({ id, name, media_type: type, size_bytes: size }));
  return shown.length > 0 ? { ...message, files: shown } : message;
}

/** Every line of a message is indented, so that none can be taken for the head of another one. */
function asText({ title, messages, nameOf }) {
  const one = (message) => {
    const head = `[${clock(message.at)}] ${oneLine(message.name + toIn(message, nameOf))}${message.edited_at ? " (edited)" : ""}`;
    const lines = saidIn(message).split(/\r\n|[\r\n\u2028\u2029\u0085]/);
    const files = fileNames(message).map((name) => `[file] ${name}`);
    return [head, ...[...lines, ...files].map((line) => `  ${oneLine(line)}`.trimEnd())].join("\n");
  };
  return `${[oneLine(title), "Times are in UTC.", ...messages.map((message) => `\n${one(message)}`)].join("\n")}\n`;
}

function asPage({ title, messages, nameOf }) {
  const one = (message) => {
    const head = h("p", {}, h("b", { text: message.name + toIn(message, nameOf) }), " ", h("time", { datetime: message.at, text: clock(message.at) }), message.edited_at ? " edited" : "");
    const files = fileNames(message).map((name) => h("li", { text: name }));
    return h("li", {}, head, h("div", { class: message.text ? "said" : "note", text: saidIn(message) }), files.length > 0 && h("ul", {}, ...files));
  };
  const body = h("body", {}, h("h1", { text: title }), h("p", { class: "note", text: "Times are in UTC." }), h("ol", {}, ...messages.map(one)));
  const head = `<meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${POLICY}">${markup(h("title", { text: title }))}<style>${STYLE}</style>`;
  return `<!doctype html>\n<html lang="en"><head>${head}</head>\n${markup(body)}</html>\n`;
}
