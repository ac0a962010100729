"""One's own data: a copy of it, and its end."""

from meetserver.accounts.erasure import Export, Receipt
from meetserver.http.registry import AnyRoute, Call, Reply, Route


async def export_me(call: Call[None, None]) -> Reply[Export]:
    export = await call.services.erasure.export(call.caller.user, call.origin)
    return Reply(export, {"Content-Disposition": 'attachment; filename="meetserver-export.json"'})


async def delete_me(call: Call[None, None]) -> Reply[Receipt]:
    receipt = await call.services.erasure.ask(call.caller.user, call.origin)
    return Reply(receipt, page_session="" if call.caller.is_page else None)


async def read_erasure(call: Call[None, None]) -> Receipt:
    return await call.services.erasure.receipt(call.part("erasure_id"))


routes: list[AnyRoute] = [
    Route(
        method="GET",
        path="/users/me/export",
        handler=export_me,
        action="account.export",
        answer=Export,
        tag="accounts",
        summary="All that this server knows about the caller, as JSON.",
    ),
    Route(
        method="DELETE",
        path="/users/me",
        handler=delete_me,
        action="account.secure",
        answer=Receipt,
        status=202,
        problems=[409],
        tag="accounts",
        summary="Erase the caller's account and data. At once nobody can sign in; the receipt says how far it is.",
    ),
    Route(
        method="GET",
        path="/erasures/{erasure_id}",
        handler=read_erasure,
        action="account.receipt",
        answer=Receipt,
        tag="accounts",
        summary="How an erasure goes, for whoever has its id.",
    ),
]
