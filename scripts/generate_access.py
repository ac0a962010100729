"""docs/security/access.md: the access table, as the code has it."""

from collections.abc import Iterable, Mapping

from meetserver.access import ACTIONS, COMMANDS, MEETING_ROLES, SERVER_ROLES, Rule
from meetserver.http.routes import ROUTES
from scripts.generate_types import table

HEAD = """# Who may do what

Made from `meetserver/access.py` by `python -m scripts.generate_docs`: the one table that every route and every command
asks. `guest` is who did not sign in, `member` everybody with an account; auditor, operator and admin are granted. The
meeting roles come from owning a meeting, from an invitation, or from having been there. A personal access token needs
the action's scope; where none stands, no token may. "Confirm": only within ten minutes of signing in, or of
`POST /auth/confirm`. What somebody may not even see answers 404, the same as what is not there.
"""


def access_page() -> str:
    server_columns = [*SERVER_ROLES, *MEETING_ROLES]
    actions = [
        [
            f"`{name}`",
            *_marks(rule, server_columns),
            f"`{rule.scope}`" if rule.scope else "",
            _confirm(rule),
            _calls(name),
        ]
        for name, rule in ACTIONS.items()
    ]
    commands = [[f"`{name}`", *_marks(rule, MEETING_ROLES)] for name, rule in COMMANDS.items()]
    return "\n".join(
        [
            HEAD,
            "## The HTTP API\n",
            table(["action", *server_columns, "scope", "confirm", "calls"], actions),
            "\n## The room's socket\n\nA row `command:field` is for setting that field to true.\n",
            table(["command", *MEETING_ROLES], commands),
            "",
        ]
    )


def _marks(rule: Rule, roles: Iterable[str]) -> list[str]:
    """`member` stands for everybody with an account, whatever else they are."""
    held: Mapping[str, frozenset[str]] = {
        role: frozenset({role, "member"}) for role in ("auditor", "operator", "admin")
    }
    return ["●" if rule.roles & held.get(role, {role}) else "" for role in roles]


def _confirm(rule: Rule) -> str:
    return "yes" if rule.confirm else ""


def _calls(action: str) -> str:
    return ", ".join(f"`{one.method} {one.path}`" for one in ROUTES if one.action == action)
