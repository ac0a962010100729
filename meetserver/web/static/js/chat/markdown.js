/**
 * Light Markdown: what somebody wrote as a tree of plain objects, never HTML. In linear time, however it is written.
 *
 * Blocks: {kind: "paragraph"|"quote"|"list"|"code", …}. Inline: a string, or {kind: "strong"|"em"|"s"|"code"|"link", …}.
 */

const DEPTH = 4;
const MARKS = { "`": "code", "**": "strong", "~~": "s", "*": "em", _: "em" };
const SPECIAL = /[`*_~]|\bhttps?:\/\//gi;
const LINK = /https?:\/\/[^\s<>"']*[^\s<>"'.,;:!?)\]}]/iy;
const WORD = /[\p{L}\p{N}_]/u;
const FENCE = /^```([\w+-]{0,20})$/;
const BLOCKS = new Set(["paragraph", "quote", "list", "item"]);
const ITEM = /^ {0,3}(?:[-*•]|(\d{1,4})[.)]) +(?=\S)/;

/** @param {string} text @returns {any[]} blocks */
export function parse(text, depth = 0) {
  const lines = text.split("\n");
  const blocks = [];
  let plain = [];
  const flush = () => {
    const paragraph = plain.join("\n").replace(/^\n+|\n+$/g, "");
    if (paragraph) blocks.push({ kind: "paragraph", nodes: inline(paragraph) });
    plain = [];
  };
  for (let at = 0; at < lines.length; ) {
    const [block, end] = depth < DEPTH ? blockAt(lines, at, depth) : [null, at];
    if (!block) {
      plain.push(lines[at++]);
      continue;
    }
    flush();
    blocks.push(block);
    at = end;
  }
  flush();
  return blocks;
}

/** @returns {[any, number]} the block that begins at this line, and the line after it; null where none does */
function blockAt(lines, at, depth) {
  const line = lines[at];
  if (line.startsWith("```")) return codeAt(lines, at);
  if (line.startsWith("> ") || line === ">") {
    const end = endOf(lines, at, (one) => one.startsWith(">"));
    const inside = lines.slice(at, end).map((one) => one.replace(/^> ?/, ""));
    return [{ kind: "quote", blocks: parse(inside.join("\n"), depth + 1) }, end];
  }
  const item = ITEM.exec(line);
  if (!item) return [null, at];
  const isOrdered = item[1] !== undefined;
  const end = endOf(lines, at, (one) => (ITEM.exec(one)?.[1] !== undefined) === isOrdered && ITEM.test(one));
  const items = lines.slice(at, end).map((one) => inline(one.replace(ITEM, "")));
  return [{ kind: "list", start: isOrdered ? Number(item[1]) : null, items }, end];
}

function codeAt(lines, at) {
  const line = lines[at];
  if (line.length > 6 && line.endsWith("```")) return [{ kind: "code", text: line.slice(3, -3) }, at + 1];
  if (!FENCE.test(line)) return [null, at];
  const found = lines.indexOf("```", at + 1);
  if (found < 0) return [null, at];
  return [{ kind: "code", text: lines.slice(at + 1, found).join("\n") }, found + 1];
}

function endOf(lines, at, belongs) {
  let end = at + 1;
  while (end < lines.length && belongs(lines[end])) end += 1;
  return end;
}

/** @param {string} text of one paragraph @returns {any[]} */
export function inline(text, depth = 0) {
  const nodes = [];
  const unclosed = new Set(); // marks of which no closing one follows any more: nobody looks twice
  let from = 0;
  let at = 0;
  for (;;) {
    SPECIAL.lastIndex = at;
    const found = SPECIAL.exec(text);
    if (!found) break;
    const start = found.index;
    const [node, end] = (found[0].length > 1 ? linkAt(text, start) : spanAt(text, start, { unclosed, depth })) ?? [];
    if (!node) {
      at = start + (text[start + 1] === text[start] ? 2 : 1);
      continue;
    }
    if (start > from) nodes.push(text.slice(from, start));
    nodes.push(node);
    from = at = end;
  }
  if (from < text.length) nodes.push(text.slice(from));
  return nodes;
}

function linkAt(text, at) {
  LINK.lastIndex = at;
  const found = LINK.exec(text);
  if (!found || !URL.canParse(found[0])) return null;
  return [{ kind: "link", href: found[0] }, at + found[0].length];
}

function spanAt(text, at, { unclosed, depth }) {
  const mark = Object.keys(MARKS).find((one) => text.startsWith(one, at));
  if (!mark || depth >= DEPTH || unclosed.has(mark) || !opens(text, at, mark)) return null;
  const start = at + mark.length;
  let end = start;
  do end = text.indexOf(mark, end + 1);
  while (end >= 0 && !closes(text, end, mark));
  if (end < 0) return void unclosed.add(mark);
  const inside = text.slice(start, end);
  const kind = MARKS[mark];
  return [kind === "code" ? { kind, text: inside } : { kind, nodes: inline(inside, depth + 1) }, end + mark.length];
}

function opens(text, at, mark) {
  const next = text[at + mark.length];
  if (next === undefined || (mark !== "`" && /\s/.test(next))) return false;
  return mark !== "_" || !WORD.test(text[at - 1] ?? "");
}

function closes(text, at, mark) {
  if (mark === "`") return true;
  if (/\s/.test(text[at - 1])) return false;
  if (mark === "_") return !WORD.test(text[at + 1] ?? "");
  return mark !== "*" || (text[at - 1] !== "*" && text[at + 1] !== "*");
}

/** @param {any[]} parsed blocks, or what is inline @returns {string} what is said, without how it is laid out */
export function plain(parsed) {
  const said = (node) => (typeof node === "string" ? node : (node.text ?? node.href ?? plain(node.blocks ?? node.nodes ?? node.items.map((nodes) => ({ kind: "item", nodes })))));
  return parsed.map(said).join(parsed.some((node) => BLOCKS.has(node.kind)) ? " " : "");
}
