"""Accounts on the wire: what the /auth and /users calls take and answer."""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from meetserver import limits
from meetserver.access import AnyRole
from meetserver.names import LINE_PATTERN

Email = Annotated[
    str,
    Meta(
        min_length=3,
        max_length=limits.EMAIL_CHARS,
        pattern=r"^[^@\s\x00-\x1f\x7f]+@[^@\s\x00-\x1f\x7f]+$",
        extra_json_schema={"format": "email"},
    ),
]
NewPassword = Annotated[str, Meta(min_length=limits.PASSWORD_MIN_CHARS, max_length=limits.PASSWORD_MAX_CHARS)]
Password = Annotated[str, Meta(max_length=limits.PASSWORD_MAX_CHARS)]
Name = Annotated[str, Meta(min_length=1, max_length=limits.NAME_CHARS, pattern=LINE_PATTERN)]
Secret = Annotated[str, Meta(min_length=1, max_length=200)]


class Request(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A body as a client sends it: a field that is not known is a mistake, not a wish."""


class Register(Request, frozen=True):
    email: Email
    password: NewPassword
    name: Name


class Registered(Struct, frozen=True):
    """The same for a new and for a known address; `verification` says whether a mailed link must be opened first."""

    email: str
    name: str
    verification: Annotated[str, Meta(description="`required` or `optional`")]


class Verify(Request, frozen=True):
    """The token is the last part of the mailed link."""

    token: Secret


class Resend(Request, frozen=True):
    email: Email


class Forgot(Request, frozen=True):
    email: Email


class Reset(Request, frozen=True):
    """The token is the last part of the mailed link, of an invitation as well."""

    token: Secret
    password: NewPassword


class ChangePassword(Request, frozen=True):
    """`current_password` is not needed shortly after having signed in or confirmed."""

    new_password: NewPassword
    current_password: Password | None = None


class ChangeEmail(Request, frozen=True):
    email: Email


class EmailChange(Struct, frozen=True):
    """`waiting`: for the link that was mailed to the other address. `changed`: the new address is the account's."""

    state: Literal["waiting", "changed"]


class ProfilePatch(Request, frozen=True):
    """What is absent stays. `timezone` is an IANA name, or null for none."""

    name: Name | UnsetType = UNSET
    timezone: Annotated[str, Meta(max_length=limits.TIMEZONE_CHARS)] | UnsetType | None = UNSET


class Confirmed(Struct, frozen=True):
    """Until then the session may do what needs a fresh confirmation."""

    until: str


class Login(Request, frozen=True):
    """`cookie`: answer with a cookie session for a page instead of tokens."""

    email: Email
    password: Password
    cookie: bool = False


class Refresh(Request, frozen=True):
    refresh_token: Secret


class Tokens(Struct, frozen=True):
    access_token: str
    token_type: str
    expires_in: Annotated[int, Meta(description="Seconds")]
    refresh_token: str


class User(Struct, frozen=True):
    id: str
    email: str
    name: str
    roles: Annotated[list[AnyRole], Meta(description="`member`, and what was granted")]
    verified: bool
    created_at: str
    timezone: Annotated[str | None, Meta(description="IANA name")] = None


class PageSession(Struct, frozen=True):
    """A page's cookie session: the token goes into the header X-CSRF-Token of whatever changes state."""

    user: User
    csrf_token: str
