"""Numbers as people write them: ``1,284.6`` in English, ``1.284,6`` in German."""

from decimal import Decimal

from django.utils.formats import number_format


def written(number: int | Decimal | str) -> str:
    """``number`` in the language of whoever reads it, its thousands set apart and its decimal places as they are."""
    return number_format(Decimal(number), use_l10n=True, force_grouping=True)
