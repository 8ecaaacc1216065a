"""Finding the price of something by its name."""

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


def rate_list() -> list[Rate]:
    """All rates, exact names first."""
    return sorted(Rate.objects.all(), key=lambda rate: ("*" in rate.reference, rate.reference))
