"""How much of files there is: the caller's own, and for operators all."""

from meetserver.files.messages import OwnUsage, UsageReport
from meetserver.http.registry import AnyRoute, Call, Route


async def read_own_usage(call: Call[None, None]) -> OwnUsage:
    return await call.services.file_usage.of(call.caller.user)


async def read_file_usage(call: Call[None, None]) -> UsageReport:
    return await call.services.file_usage.report()


routes: list[AnyRoute] = [
    Route(
        method="GET",
        path="/users/me/usage",
        handler=read_own_usage,
        action="account.read",
        answer=OwnUsage,
        tag="files",
        summary="How much the caller has in files, and how much they may.",
    ),
    Route(
        method="GET",
        path="/admin/files/usage",
        handler=read_file_usage,
        action="file_usage.read",
        answer=UsageReport,
        tag="administration",
        summary="How much there is in files: by kind, by account, by meeting, and how much more fits.",
    ),
]
