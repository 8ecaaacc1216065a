"""Serializers that several apps share."""

from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers


# A comment and no docstring: those become descriptions of the schema, also of classes that inherit them.
# It knows all of its fields: a client's typing error must not pass silently.
class Strict(serializers.Serializer[Any]):
    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict) and (unknown := set(data) - set(self.fields)):
            raise serializers.ValidationError({name: [_("There is no such field.")] for name in sorted(unknown)})
        return super().to_internal_value(data)
