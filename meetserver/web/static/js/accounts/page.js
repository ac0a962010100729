/** /account: everything of one's own account, in sections. */
import { go } from "../router.js";
import { showSections } from "../ui/sections.js";
import { dataSection } from "./data.js";
import { devicesSection } from "./devices.js";
import { profileSection } from "./profile.js";
import { securitySection } from "./security.js";
import { tokensSection } from "./tokens.js";

const SECTIONS = {
  "": { title: "Profile", icon: "person", view: profileSection },
  security: { title: "Security", icon: "shield", view: securitySection },
  devices: { title: "Devices", icon: "device", view: devicesSection },
  tokens: { title: "Access tokens", icon: "key", view: tokensSection },
  data: { title: "Your data", icon: "download", view: dataSection },
};

export function accountPage(section) {
  if (!SECTIONS[section]) return go("/account", { replace: true });
  showSections({ title: "Account", base: "/account", sections: SECTIONS, current: section });
}
