"""Where apps above this one put what the community needs of them."""

from collections.abc import Callable
from uuid import UUID

from community.access import Actor

DemoSeeder = Callable[[Actor], None]
LimitSource = Callable[[UUID, str], int | None]

# Called by ``manage.py seed_demo`` with the demo person, in order; each makes its sample content once and is cheap when it is there.
demo_seeders: list[DemoSeeder] = []

# What plans say about a workspace: asked in order for a limit by its name; None: nothing about this one.
limit_sources: list[LimitSource] = []


def limit(workspace_id: UUID, name: str, default: int) -> int:
    """The limit ``name`` of a workspace, from its plan where one knows it. 0 means that there is none."""
    for source in limit_sources:
        if (found := source(workspace_id, name)) is not None:
            return found
    return default
