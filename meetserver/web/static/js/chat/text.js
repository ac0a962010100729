/** What somebody wrote, as elements: light Markdown, links, the names of those who are mentioned. */
import { h } from "../ui/dom.js";
import { parse, plain } from "./markdown.js";

const TAGS = { strong: "strong", em: "em", s: "s" };

/** @param {string} text @param {{name: string, isMe: boolean}[]} mentioned whose `@name` stands out */
export function textElement(text, mentioned = []) {
  return h("div", { class: "text" }, ...blocks(parse(text), finder(mentioned)));
}

function blocks(parsed, names) {
  return parsed.map((block) => {
    switch (block.kind) {
      case "code":
        return h("pre", { tabindex: "0" }, h("code", { text: block.text }));
      case "quote":
        return h("blockquote", {}, ...blocks(block.blocks, names));
      case "list":
        return h(block.start === null ? "ul" : "ol", { start: block.start }, ...block.items.map((nodes) => h("li", {}, ...inline(nodes, names))));
      default:
        return h("p", {}, ...inline(block.nodes, names));
    }
  });
}

function inline(nodes, names) {
  return nodes.flatMap((node) => {
    if (typeof node === "string") return marked(node, names);
    if (node.kind === "code") return [h("code", { text: node.text })];
    if (node.kind === "link") return [h("a", { href: node.href, target: "_blank", rel: "noopener noreferrer", text: node.href })];
    return [h(TAGS[node.kind], {}, ...inline(node.nodes, names))];
  });
}

/** @returns {{pattern: RegExp, isMe: Set<string>}|null} the longest names first: one may begin with another */
function finder(mentioned) {
  const names = mentioned.map(({ name }) => name).filter(Boolean);
  if (names.length === 0) return null;
  const escaped = names.sort((a, b) => b.length - a.length).map((name) => name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return { pattern: new RegExp(`@(?:${escaped.join("|")})`, "g"), isMe: new Set(mentioned.filter(({ isMe }) => isMe).map(({ name }) => `@${name}`)) };
}

function marked(text, names) {
  if (!names) return [text];
  const parts = [];
  let end = 0;
  for (const { 0: found, index } of text.matchAll(names.pattern)) {
    parts.push(text.slice(end, index), h("span", { class: `mention${names.isMe.has(found) ? " me" : ""}`, text: found }));
    end = index + found.length;
  }
  return [...parts, text.slice(end)].filter((part) => part !== "");
}

/** One line of it, for places where there is room for no more. */
export const excerpt = (message, chars = 120) => (message.text ? plain(parse(message.text.slice(0, 4 * chars))).replace(/\s+/g, " ").slice(0, chars) : filesOf(message).map(({ name }) => name).join(", ").slice(0, chars) || whyEmpty(message));

/** What a message says of its files: of an encrypted one, what only its readers know. */
export const filesOf = (message) => (message.deleted_at ? [] : ((message.ciphertext ? message.enclosed : message.files) ?? []));

export function whyEmpty(message) {
  if (message.deleted_at) return "This message was deleted.";
  if (message.unreadable) return message.unreadable;
  if (message.ciphertext) return "This message is encrypted, and cannot be shown here.";
  return "What was said here was erased.";
}
