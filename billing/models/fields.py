"""How money is written down: 14 digits, four of them after the point. Never a float."""

from typing import Any

from django.db import models


def credits_field(**options: Any) -> "models.DecimalField[Any, Any]":
    return models.DecimalField(max_digits=14, decimal_places=4, **options)
