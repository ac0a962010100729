/** The HTTP API of administration: one function a call. */
import { call, exchange, once, segment } from "./api.js";

const query = (given) => new URLSearchParams(Object.entries(given).filter(([, value]) => value)).toString();
const user = (id) => `/admin/users/${segment(id)}`;

/** @param {{q?: string, role?: string, cursor?: string}} filter */
export const users = (filter) => call("GET", `/admin/users?${query(filter)}`);
export const inviteUser = (email, name) => call("POST", "/admin/users", { body: { email, name }, headers: once() });
export const updateUser = (id, patch) => call("PATCH", user(id), { body: patch });
export const endSessions = (id) => call("DELETE", `${user(id)}/sessions`);
export const grantRole = (id, role) => call("PUT", `${user(id)}/roles/${segment(role)}`);
export const takeRole = (id, role) => call("DELETE", `${user(id)}/roles/${segment(role)}`);

export const ipRules = () => exchange("GET", "/admin/ip-rules");
export const replaceIpRules = (rules, etag) => exchange("PUT", "/admin/ip-rules", { body: { rules }, headers: { "If-Match": etag } });
/** @param {{address: string, role: string}} who */
export const previewIpRules = (who) => call("POST", "/admin/ip-rules/preview", { body: who });

/** @param {{type?: string, actor?: string, subject?: string, since?: string, cursor?: string}} filter */
export const securityLog = (filter) => call("GET", `/admin/security-log?${query(filter)}`);

export const fileUsage = () => call("GET", "/admin/files/usage");

export const shards = () => call("GET", "/admin/shards");
export const drainShard = (id) => call("POST", `/admin/shards/${segment(id)}/drain`, { headers: once() });
/** @param {{shard?: string, limit?: number}} filter */
export const rooms = (filter) => call("GET", `/admin/rooms?${query(filter)}`);
export const room = (id) => call("GET", `/admin/rooms/${segment(id)}`);
export const moveRoom = (id, shard) => call("POST", `/admin/rooms/${segment(id)}/move`, { body: { shard }, headers: once() });
/** @param {"sleep"|"quarantine"|"release"} what */
export const actOnRoom = (id, what) => call("POST", `/admin/rooms/${segment(id)}/${what}`, { headers: once() });
