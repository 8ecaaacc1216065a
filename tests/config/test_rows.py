"""Rows of a list are read to exactly what REST framework's own serializers answer."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from rest_framework import serializers

from config.lib import rows

NOON = datetime(2026, 11, 21, 12, 0, 0, 250, tzinfo=UTC)
SEVEN = UUID(int=7)


class Part(serializers.Serializer[Any]):
    name = serializers.CharField()
    at = serializers.DateTimeField(allow_null=True)


class Own(serializers.Serializer[Any]):
    name = serializers.CharField()

    def to_representation(self, instance: Any) -> dict[str, Any]:
        return {"own": instance.name}


class Whole(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    other_id = serializers.UUIDField(source="id")
    name = serializers.CharField()
    number = serializers.CharField(source="count")
    count = serializers.IntegerField()
    text = serializers.IntegerField(source="digits")
    ratio = serializers.FloatField()
    on = serializers.BooleanField()
    at = serializers.DateTimeField(allow_null=True)
    day = serializers.DateTimeField(source="at", format="%Y-%m-%d")
    choice = serializers.ChoiceField(choices=["a", "b"])
    amount = serializers.DecimalField(max_digits=14, decimal_places=4)
    called = serializers.CharField(source="shout")
    inner = serializers.CharField(source="part.name")
    part = Part()
    own = Own(source="part")
    parts = Part(many=True)
    absent = serializers.CharField(default="nothing")
    left_out = serializers.CharField(required=False)
    data = serializers.JSONField(allow_null=True)
    made = serializers.SerializerMethodField()
    secret = serializers.CharField(write_only=True)

    def get_made(self, row: Any) -> str:
        return f"{type(row).__name__} {self.context.get('greeting', '')}"


@dataclass
class Piece:
    name: str = "piece"
    at: datetime | None = None


@dataclass
class Row:
    id: UUID = SEVEN
    name: Any = "Alice"
    count: Any = 3
    digits: str = "12"
    ratio: float = 0.5
    on: bool = True
    at: Any = NOON
    choice: str = "a"
    amount: Decimal = Decimal("1.5")
    part: Piece | None = field(default_factory=Piece)
    parts: list[Piece] = field(default_factory=lambda: [Piece(), Piece("other", NOON)])
    data: Any = field(default_factory=lambda: {"a": [1]})

    def shout(self) -> str:
        return "ALICE"


@pytest.mark.parametrize(
    "row",
    [
        Row(),
        Row(name=7, count="3", choice="none of them", data=None),
        Row(name="", at=None, part=Piece(at=NOON), parts=[]),
        Row(at=NOON.astimezone(timezone(timedelta(hours=2)))),
        Row(at=datetime(2026, 11, 21, 12)),  # noqa: DTZ001  # a time without a zone is taken for UTC
        Row(name=lambda: "called"),
        vars(Row()) | {"shout": "ALICE", "part": Piece()},
    ],
    ids=["plain", "of other types", "empty", "elsewhere", "naive", "callable", "a mapping"],
)
def test_a_row_is_what_its_serializer_answers(row: Any) -> None:
    serializer = Whole(context={"greeting": "hello"})
    assert rows.reader(serializer)(row) == serializer.to_representation(row)


def test_the_order_of_the_fields_stays() -> None:
    assert list(rows.reader(Whole())(Row())) == list(Whole().to_representation(Row()))


def test_a_missing_attribute_is_told_as_before() -> None:
    with pytest.raises(AttributeError, match="Piece"):
        rows.reader(Whole())(Piece())


def test_a_serializer_with_a_rule_of_its_own_is_asked() -> None:
    assert rows.reader(Own())(Piece("me")) == {"own": "me"}
