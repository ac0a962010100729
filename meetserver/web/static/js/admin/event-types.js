/** The kinds of security events, as ports.SecurityEventType has them. */
export const TYPES = [
  "access.refused", "account.created", "account.deleted", "account.disabled", "account.email_changed",
  "account.enabled", "account.exported", "account.registered", "account.updated", "account.verified", "factor.added",
  "factor.removed", "file.infected", "identity.linked", "identity.unlinked", "ip.refused", "ip_rules.changed", "link.created",
  "link.revoked", "login.delayed", "login.factor_failed", "login.failed", "login.succeeded",
  "meeting.passcode_failed", "participant.banned", "participant.removed", "participant.unbanned", "password.changed",
  "password.rehashed", "password.reset", "password.reset_asked", "rate.limited", "recovery_code.used",
  "recovery_codes.made", "refresh.reused", "role.granted", "role.taken", "room.moved",
  "room.put_to_sleep", "room.quarantined", "room.released", "session.confirmed", "session.revoked",
  "sessions.revoked", "shard.drained", "signing_key.rotated", "token.changed", "token.created", "token.revoked",
];
