"""Where apps above this one put what the community needs of them."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from django.utils.functional import Promise

from community.access import Actor
from community.models import User

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


@dataclass(frozen=True, slots=True)
class Dependents:
    """How many objects of one kind go with a workspace. ``label`` says it to people: “12 agents”."""

    kind: str
    count: int
    label: str


# Each tells what of its own a workspace holds, for whoever is about to delete it.
dependents: list[Callable[[UUID], list[Dependents]]] = []


# Called by ``services.workspaces.workspace_update`` with what is about to change: each refuses what its app knows to be wrong.
workspace_checks: list[Callable[[Actor, Mapping[str, Any]], None]] = []


# The inbox: what waits for a person. Each app that has something of the kind registers a source.


@dataclass(frozen=True, kw_only=True)
class InboxAction:
    """What can be done about an item. ``page`` is where the button leads or posts to, ``api`` where a program does the same."""

    name: str
    label: str | Promise
    page: str
    api: str
    method: str = "POST"
    fields: dict[str, str] = field(default_factory=dict)
    primary: bool = False


@dataclass(frozen=True, kw_only=True)
class InboxItem:
    """One thing that waits. ``id`` is the id of what it is about; ``dismissible``: the person may put it away undone; ``card``:
    the address of a fragment that shows it whole."""

    kind: str
    id: UUID
    title: str
    url: str
    created_at: datetime
    text: str = ""
    icon: str = "inbox"
    due_at: datetime | None = None
    actions: tuple[InboxAction, ...] = ()
    card: str = ""
    dismissible: bool = False


class InboxSource(Protocol):
    """Items of one kind for a person in a workspace (or in all, where the kind is not a workspace's)."""

    @property
    def kind(self) -> str: ...
    @property
    def label(self) -> str | Promise: ...

    def items(self, actor: Actor, limit: int) -> Sequence[InboxItem]:
        """At most ``limit``, the most urgent first: by ``due_at`` where there is one, else the newest. Bounded queries."""
        ...

    def count(self, actor: Actor) -> int:
        """How many there are. One query, quick: every page shows the sum."""
        ...

    def get(self, actor: Actor, item_id: UUID) -> InboxItem | None:
        """The item about this object, if it waits for this person."""
        ...


inbox_sources: dict[str, InboxSource] = {}


def add_inbox(source: InboxSource) -> None:
    inbox_sources[source.kind] = source


# Each tells which of some keys of the file storage it still wants: what belongs to no file and to nobody here is swept away.
stored_keys: list[Callable[[Collection[str]], set[str]]] = []


Eraser = Callable[[User], None]

# Called by ``services.erasure.person_erase`` in its transaction, with a person whose account is being deleted: each removes or
# anonymises what its app holds about them beyond the ledger and the audit entries, or raises Conflict to say what stands
# in the way.
erasers: list[Eraser] = []
