"""One inbox of many sources: what is due comes first, and no source is asked for more than could be shown."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from community import registry, selectors
from community.access import Actor, get_actor
from community.registry import InboxItem
from community.services.inbox import inbox_dismiss
from config.lib.errors import Conflict
from config.lib.ids import uuid7
from tests.cast import Cast

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)


class Source:
    label = "Test"

    def __init__(self, kind: str, *items: InboxItem) -> None:
        self.kind, self.held, self.asked = kind, items, 0

    def items(self, actor: Actor, limit: int) -> Sequence[InboxItem]:
        self.asked = limit
        return self.held[:limit]

    def count(self, actor: Actor) -> int:
        return len(self.held)

    def get(self, actor: Actor, item_id: UUID) -> InboxItem | None:
        return next((item for item in self.held if item.id == item_id), None)


def item(title: str, *, hours: int = 0, due: int | None = None, kind: str = "question") -> InboxItem:
    return InboxItem(
        kind=kind, id=uuid7(), title=title, url="/", created_at=NOON + timedelta(hours=hours),
        due_at=None if due is None else NOON + timedelta(hours=due),
    )  # fmt: skip


@pytest.fixture
def sources() -> Iterator[dict[str, registry.InboxSource]]:
    before = dict(registry.inbox_sources)
    registry.inbox_sources.clear()
    yield registry.inbox_sources
    registry.inbox_sources.clear()
    registry.inbox_sources.update(before)


def test_due_things_first_then_the_newest(cast: Cast, sources: dict[str, registry.InboxSource]) -> None:
    questions = Source("question", item("due late", due=9), item("new", hours=5), item("old", hours=-5))
    approvals = Source("approval", item("due soon", due=1, kind="approval"), item("middle", hours=1, kind="approval"))
    for source in (questions, approvals):
        registry.add_inbox(source)
    actor = get_actor(cast.alice.user)
    items, count = selectors.inbox_page(actor)
    assert [found.title for found in items] == ["due soon", "due late", "new", "middle", "old"]
    items, of_all = selectors.inbox_page(actor, offset=1, limit=2)
    assert ([found.title for found in items], of_all) == (["due late", "new"], 5)
    assert questions.asked == 3, "no more than could be on this page"
    assert [found.title for found in selectors.inbox_page(actor, kind="approval")[0]] == ["due soon", "middle"]
    assert (count, selectors.inbox_count(actor), selectors.inbox_count(actor, kind="question")) == (5, 5, 3)


def test_what_has_to_be_decided_cannot_be_put_away(cast: Cast, sources: dict[str, registry.InboxSource]) -> None:
    waiting = item("Approve", kind="approval")
    registry.add_inbox(Source("approval", waiting))
    with pytest.raises(Conflict):
        inbox_dismiss(actor=get_actor(cast.alice.user), kind="approval", item_id=waiting.id)
