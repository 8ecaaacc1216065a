"""Encrypting everything anew under the present key, so that an old one can be thrown away."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db import models

from config.lib import secrets
from config.lib.secrets import Column, DecryptionError

_BATCH = 200


@dataclass
class Rotation:
    """What was found: values under the present key, values that were renewed, and those that no configured key reads."""

    current: int = 0
    renewed: int = 0
    unreadable: int = 0

    def add(self, other: "Rotation") -> None:
        self.current += other.current
        self.renewed += other.renewed
        self.unreadable += other.unreadable


def column_rotate(*, column: Column, dry: bool = False) -> Rotation:
    """Renew the values of one column. Ending it at any point loses nothing: what is done stays done, and is not done again.

    A row that somebody changes meanwhile is left alone: what they wrote is under the present key already.
    """
    found = Rotation()
    model: Any = apps.get_model(column.model)
    for row in _rows(model, column):
        old = getattr(row, column.field)
        new, seen = _renewed(old, column)
        found.add(seen)
        if new != old and not dry:
            model._default_manager.filter(pk=row.pk, **{column.field: old}).update(**{column.field: new})
    return found


def _rows(model: Any, column: Column) -> Iterator[models.Model]:
    """All rows in the order of their keys, some at a time: no long query, no long lock."""
    rows = model._default_manager.only("pk", column.field).order_by("pk")
    last = None
    while batch := list((rows if last is None else rows.filter(pk__gt=last))[:_BATCH]):
        yield from batch
        last = batch[-1].pk


def _renewed(value: Any, column: Column) -> tuple[Any, Rotation]:
    if column.keys:
        return _renewed_members(value, column)
    if not value:
        return value, Rotation()
    if secrets.is_current(value):
        return value, Rotation(current=1)
    try:
        return secrets.renew(value, purpose=column.purpose), Rotation(renewed=1)
    except DecryptionError:
        return value, Rotation(unreadable=1)


def _renewed_members(value: dict[str, Any], column: Column) -> tuple[dict[str, Any], Rotation]:
    plain = Column(column.model, column.field, column.purpose)
    found, renewed = Rotation(), dict(value)
    for key in column.keys:
        member: Any = value.get(key)
        several = isinstance(member, list)
        parts = [_renewed(part, plain) for part in (member if several else [member])]
        for _part, seen in parts:
            found.add(seen)
        if member:
            renewed[key] = [part for part, _seen in parts] if several else parts[0][0]
    return renewed, found
