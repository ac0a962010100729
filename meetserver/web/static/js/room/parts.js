/** Snapshot parts that were too big for the socket stand in it as {href, seq}: fetch them and put them in place. */
import { snapshotPart } from "../http/meetings.js";

const isLink = (part) => Boolean(part) && typeof part === "object" && typeof part.href === "string" && "seq" in part;

export const hasLinks = (snapshot) => Object.values(snapshot).some(isLink) || Object.values(snapshot.whiteboard?.pages ?? {}).some(isLink);

/** @returns {Promise<any>} the snapshot with every link replaced by what it leads to; a board that may be newer has its `seq` */
export async function fillIn(snapshot, resumeToken) {
  const filled = await follow(snapshot, resumeToken);
  if (filled.whiteboard?.pages) filled.whiteboard = { ...filled.whiteboard, pages: await follow(filled.whiteboard.pages, resumeToken) };
  return filled;
}

async function follow(parts, resumeToken) {
  const entries = Object.entries(parts).map(async ([name, part]) => [name, isLink(part) ? await fetched(name, part, resumeToken) : part]);
  return Object.fromEntries(await Promise.all(entries));
}

async function fetched(name, { href }, resumeToken) {
  const { seq, snapshot } = await snapshotPart(href, resumeToken);
  return name === "whiteboard" ? { ...snapshot, seq } : snapshot;
}
