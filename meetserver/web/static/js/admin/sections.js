/** Which parts of the administration whom concern. The server decides; this is so that nobody is shown what is refused. */

const SEES = {
  "": ["auditor", "operator", "admin"],
  addresses: ["auditor", "operator", "admin"],
  rooms: ["auditor", "operator", "admin"],
  files: ["auditor", "operator", "admin"],
  log: ["auditor", "admin"],
};
const CHANGES = { "": ["admin"], addresses: ["operator", "admin"], rooms: ["operator", "admin"] };

const has = (user, roles) => roles.some((role) => user.roles.includes(role));

export const mayAdminister = (user) => has(user, SEES[""]);
export const maySee = (user, section) => has(user, SEES[section] ?? []);
export const mayChange = (user, section) => has(user, CHANGES[section] ?? []);
