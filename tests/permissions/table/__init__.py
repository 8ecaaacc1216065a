"""Who gets what answer: one line for each endpoint or page and method, in a file for each room.

A room has ``TABLE`` (endpoints), ``PAGES``, ``SOCKETS``, and ``COMMITTED``: plain async views, which read on other threads, so that
their rows must be committed.
"""

from tests.permissions.table import (
    agent_parts,
    agents,
    billing,
    conversations,
    files,
    frame,
    models,
    notifications,
    people,
    runs,
    tools,
    workspaces,
)
from tests.permissions.table.line import ROLES, Line

ROOMS = (
    frame,
    people,
    workspaces,
    notifications,
    files,
    billing,
    agents,
    agent_parts,
    tools,
    models,
    conversations,
    runs,
)


def _all(name: str) -> list[Line]:
    return [line for room in ROOMS for line in getattr(room, name, [])]


TABLE = _all("TABLE")
COMMITTED = _all("COMMITTED")
SOCKETS = _all("SOCKETS")
PAGES = _all("PAGES")

# What no line stands for: addresses that know no role, each with the reason.
WITHOUT_ROLES = {
    "api/": "names the endpoints, the same for everybody",
    "api/<path:rest>": "what is not there",
    "api/schema/": "the description of the API, the same for everybody",
    "api/docs/": "the explorer of that description",
    "api/v1/auth/*": "make and end sign-ins; there is no role before them",
    "accounts/*": "the person's own: tests/community/test_pages_sign_in.py",
    "admin/*": "staff's: tests/permissions/test_admin.py",
    "health/*": "for load balancers",
    "static/<path>": "the front end's files (development only)",
    "language/": "anybody may read in their language: tests/community/test_languages.py",
    "shared/<str:share_link>/": "the link is the credential: tests/agents/test_shares.py",
    "invitations/<str:link>/": "the link is the credential: tests/community/test_invitations.py",
}

__all__ = ["COMMITTED", "PAGES", "ROLES", "SOCKETS", "TABLE", "WITHOUT_ROLES", "Line"]
