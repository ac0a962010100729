"""All calls of the API, in the order in which the documents list them."""

from meetserver.http import (
    accounts,
    bans,
    doors,
    erasure,
    factors,
    guest_links,
    health,
    history,
    invitees,
    ip_rules,
    meetings,
    oidc,
    operations,
    profile,
    security_log,
    sessions,
    users,
)
from meetserver.http.registry import AnyRoute

ROUTES: list[AnyRoute] = [
    *accounts.routes,
    *profile.routes,
    *factors.routes,
    *sessions.routes,
    *users.routes,
    *oidc.routes,
    *erasure.routes,
    *meetings.routes,
    *doors.routes,
    *invitees.routes,
    *guest_links.routes,
    *bans.routes,
    *ip_rules.routes,
    *history.routes,
    *operations.routes,
    *security_log.routes,
    *health.routes,
]
