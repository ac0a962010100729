"""The open sessions of a room, connected or not, as the log has them; and which of them are on their way out."""

from collections.abc import Iterable

from meetserver.actors.hello import is_token_of
from meetserver.ids import SessionId
from meetserver.ports import OpenSession


class Sessions:
    def __init__(self) -> None:
        self._rows: dict[str, OpenSession] = {}
        self._leaving: set[SessionId] = set()

    def replace(self, rows: dict[str, OpenSession]) -> None:
        """The room was loaded, for the first time or anew."""
        self._rows = dict(rows)
        self._leaving.clear()

    def add(self, rows: Iterable[OpenSession]) -> None:
        for row in rows:
            self._rows[row.session] = row

    def get(self, session: SessionId) -> OpenSession | None:
        """None also for one that is leaving: nobody can come back to it any more."""
        return None if session in self._leaving else self._rows.get(session)

    def has_token(self, session: SessionId, token: str) -> bool:
        return is_token_of(self.get(session), token)

    def keys_of(self, session: SessionId) -> tuple[str, ...]:
        """What tells its person from others, as long as it is in the log."""
        row = self._rows.get(session)
        return () if row is None else row.keys

    def leave(self, session: SessionId) -> None:
        """Its leave is not committed yet."""
        self._leaving.add(session)

    def close(self, session: SessionId) -> None:
        """It is over for good."""
        self._rows.pop(session, None)
        self._leaving.discard(session)
