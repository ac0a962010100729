"""All calls of the API, in the order in which the documents list them."""

from meetserver.http import accounts, health, history, meetings
from meetserver.http.registry import AnyRoute

ROUTES: list[AnyRoute] = [*accounts.routes, *meetings.routes, *history.routes, *health.routes]
