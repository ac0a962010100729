/** /admin: users, rules about addresses, shards and rooms, files, the security log; for those who have a role for it. */
import { account } from "../accounts/session.js";
import { go } from "../router.js";
import { showSections } from "../ui/sections.js";
import { clusterSection } from "./cluster.js";
import { filesSection } from "./files.js";
import { ipRulesSection } from "./ip-rules.js";
import { maySee } from "./sections.js";
import { securityLogSection } from "./security-log.js";
import { usersSection } from "./users.js";

const SECTIONS = {
  "": { title: "Users", icon: "people", view: usersSection },
  addresses: { title: "Address rules", icon: "shield", view: ipRulesSection },
  rooms: { title: "Shards and rooms", icon: "device", view: clusterSection },
  files: { title: "Files", icon: "files", view: filesSection },
  log: { title: "Security log", icon: "board", view: securityLogSection },
};

export function adminPage(section) {
  const mine = Object.fromEntries(Object.entries(SECTIONS).filter(([name]) => maySee(account.user, name)));
  if (!mine[section]) return go(mine[""] ? "/admin" : "/", { replace: true });
  showSections({ title: "Administration", base: "/admin", sections: mine, current: section });
}
