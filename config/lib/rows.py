"""Rows as a serializer answers them, for lists: what a field needs is found out once for all rows, not again for each.

REST framework asks of every value whether its row is a mapping, whether the value can be called, and which timezone holds; for a
page of twenty agents that took a third of the request. What is out of the ordinary still goes its way.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any

from rest_framework import serializers
from rest_framework.fields import SkipField
from rest_framework.relations import PKOnlyObject

Read = Callable[[Any], dict[str, Any]]
Convert = Callable[[Any], Any]

# What these answer for a value of exactly this type is the value.
_AS_IT_IS: dict[Any, type] = {
    serializers.CharField.to_representation: str,
    serializers.IntegerField.to_representation: int,
    serializers.FloatField.to_representation: float,
    serializers.BooleanField.to_representation: bool,
}
_OWN = {"format", "timezone"}  # what a field of times may have of its own


def reader(serializer: serializers.BaseSerializer[Any]) -> Read:
    """A function that answers what ``serializer.to_representation`` answers."""
    if type(serializer).to_representation is not serializers.Serializer.to_representation:
        return serializer.to_representation  # one of its own
    plan = [(field.field_name, _source(field), _convert(field)) for field in serializer._readable_fields]  # type: ignore[attr-defined]

    def read(row: Any) -> dict[str, Any]:
        if isinstance(row, Mapping):
            return serializer.to_representation(row)  # type: ignore[no-any-return]
        found = {}
        for name, source, convert in plan:
            try:
                value = source(row)
            except SkipField:
                continue
            found[name] = None if value is None else convert(value)
        return found

    return read


def _source(field: Any) -> Callable[[Any], Any]:
    if field.source == "*" and type(field).get_attribute is serializers.Field.get_attribute:
        return lambda row: row
    plain = type(field).get_attribute is serializers.Field.get_attribute and len(field.source_attrs) == 1
    return partial(_attribute, field.source_attrs[0], field) if plain else partial(_by_rule, field)


def _attribute(name: str, field: Any, row: Any) -> Any:
    """A row's attribute; the field's own rules where it has none, or one that is to be called."""
    value = getattr(row, name, _by_rule)
    return _by_rule(field, row) if callable(value) else value


def _by_rule(field: Any, row: Any) -> Any:
    value = field.get_attribute(row)
    return None if isinstance(value, PKOnlyObject) and value.pk is None else value


def _convert(field: Any) -> Convert:
    rule = type(field).to_representation
    if rule in _AS_IT_IS:
        return partial(_unless, _AS_IT_IS[rule], field.to_representation)
    if rule is serializers.DateTimeField.to_representation and not _OWN & set(vars(field)):
        return partial(_moment, field.to_representation)
    return reader(field) if isinstance(field, serializers.Serializer) else field.to_representation


def _unless(plain: type, convert: Convert, value: Any) -> Any:
    return value if type(value) is plain else convert(value)


def _moment(convert: Convert, value: Any) -> Any:
    """The API tells all times in UTC."""
    plain = type(value) is datetime and value.tzinfo is UTC
    return value.isoformat()[:-6] + "Z" if plain else convert(value)
