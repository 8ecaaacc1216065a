"""Which rule of the database a write broke."""

from django.db import IntegrityError


def violated_constraint(error: IntegrityError) -> str:
    """The name of the constraint behind ``error`` (empty where the driver does not say)."""
    diagnostic = getattr(error.__cause__, "diag", None)
    return getattr(diagnostic, "constraint_name", None) or ""
