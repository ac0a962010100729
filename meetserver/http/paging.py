"""`?limit=` and `?cursor=`: how lists are asked for, a page at a time."""

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from meetserver import limits


class PageQuery(Struct, frozen=True, forbid_unknown_fields=True):
    limit: Annotated[int, Meta(ge=1, le=limits.PAGE_ITEMS)] = limits.PAGE_USUAL_ITEMS
    cursor: Annotated[str, Meta(min_length=1, max_length=200)] | UnsetType = UNSET

    @property
    def after(self) -> str | None:
        """The cursor, if there is one."""
        return None if self.cursor is UNSET else self.cursor
