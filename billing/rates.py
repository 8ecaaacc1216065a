"""Finding the price of something by its name."""

from collections.abc import Iterable
from decimal import Decimal

from django.conf import settings
from django.db import connection

from billing.models import Rate
from billing.pricing import Price

# The exact name first, then the longest class that fits. A rate may hold any number of ``*``; nothing else is special.
_FIND = r"""
SELECT reference, per_1k_tokens, per_call FROM billing_rate
 WHERE reference = %(reference)s OR (
       position('*' in reference) > 0
   AND %(reference)s LIKE replace(replace(replace(replace(reference, '\', '\\'), '_', '\_'), '%%', '\%%'), '*', '%%'))
 ORDER BY reference = %(reference)s DESC, length(reference) DESC LIMIT 1
"""

# The same for many names at once.
_FIND_ALL = r"""
SELECT asked.name, found.reference, found.per_1k_tokens, found.per_call
  FROM unnest(%(references)s::text[]) AS asked(name)
 CROSS JOIN LATERAL (
SELECT reference, per_1k_tokens, per_call FROM billing_rate
 WHERE reference = asked.name OR (
       position('*' in reference) > 0
   AND asked.name LIKE replace(replace(replace(replace(reference, '\', '\\'), '_', '\_'), '%%', '\%%'), '*', '%%'))
 ORDER BY reference = asked.name DESC, length(reference) DESC LIMIT 1
) AS found
"""


def price_of(reference: str, *, own_key: bool = False) -> Price:
    """What ``reference`` costs now. With a workspace's own provider key tokens cost nothing, unless the operator says so."""
    free_tokens = own_key and settings.BILLING_OWN_KEY == "free"
    if settings.BILLING_MODE == "off":
        return Price(reference=reference, own_key=own_key)
    with connection.cursor() as cursor:
        cursor.execute(_FIND, {"reference": reference.lower()})
        row = cursor.fetchone()
    if row is None:
        return Price(reference=reference, own_key=own_key)
    found, per_1k_tokens, per_call = row
    return Price(
        reference=found, per_1k_tokens=Decimal(0) if free_tokens else per_1k_tokens, per_call=per_call, own_key=own_key
    )


def prices_of(references: Iterable[str]) -> dict[str, Price]:
    """What each costs without an own key, in one query. What has no price is free."""
    asked = list(dict.fromkeys(references))
    found = {reference: Price(reference=reference) for reference in asked}
    if settings.BILLING_MODE == "off" or not asked:
        return found
    with connection.cursor() as cursor:
        cursor.execute(_FIND_ALL, {"references": [reference.lower() for reference in asked]})
        rows = {name: Price(reference=rate, per_1k_tokens=tokens, per_call=call) for name, rate, tokens, call in cursor}
    return {reference: rows.get(reference.lower(), found[reference]) for reference in asked}


def rate_list() -> list[Rate]:
    """All rates, exact names first."""
    return sorted(Rate.objects.all(), key=lambda rate: ("*" in rate.reference, rate.reference))
