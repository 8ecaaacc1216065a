"""What a step costs. Pure: prices and token counts in, credits out."""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from django.utils.translation import gettext as _

from config.lib.errors import InvalidInput
from config.lib.numbers import written

UNIT = Decimal("0.0001")
MOST = Decimal(100_000_000)  # credits in one booking, and the most an account may have
LEAST_OUTPUT = 16  # a hold that leaves room for fewer output tokens is refused
_THOUSAND = Decimal(1000)


@dataclass(frozen=True, kw_only=True)
class Price:
    """One rate for prompt, cached, completion and reasoning tokens alike, and one for each call."""

    reference: str
    per_1k_tokens: Decimal = Decimal(0)
    per_call: Decimal = Decimal(0)
    own_key: bool = False

    @property
    def free(self) -> bool:
        return not self.per_1k_tokens and not self.per_call

    def cost(self, tokens: int, calls: int = 1) -> Decimal:
        """Rounded once, half up, to four places."""
        exact = self.per_1k_tokens * tokens / _THOUSAND + self.per_call * calls
        return exact.quantize(UNIT, ROUND_HALF_UP)

    def output_within(self, amount: Decimal, prompt_tokens: int) -> int:
        """How many output tokens ``amount`` pays for beside the prompt. Never rounds to more than ``amount``."""
        return int((amount - self.per_call) * _THOUSAND / self.per_1k_tokens) - prompt_tokens

    def snapshot(self) -> dict[str, Any]:
        return {
            "reference": self.reference, "per_1k_tokens": str(self.per_1k_tokens), "per_call": str(self.per_call),
            "own_key": self.own_key,
        }  # fmt: skip

    @classmethod
    def of_snapshot(cls, stored: dict[str, Any]) -> "Price":
        return cls(
            reference=stored.get("reference", ""), per_1k_tokens=Decimal(stored.get("per_1k_tokens", 0)),
            per_call=Decimal(stored.get("per_call", 0)), own_key=bool(stored.get("own_key", False)),
        )  # fmt: skip


def amount_of(value: object, *, signed: bool = False) -> Decimal:
    """``value`` as credits. Raises InvalidInput for what is no number, not finite, too large, finer than four places or,
    unless ``signed``, not above zero."""
    try:
        amount = value if isinstance(value, Decimal) else Decimal(str(value).strip())
    except InvalidOperation as error:
        raise invalid_amount(_("Write a number of credits.")) from error
    if not amount.is_finite():
        raise invalid_amount(_("Write a number of credits."))
    if abs(amount) > MOST:
        raise invalid_amount(_("At most %(most)s credits at once.") % {"most": written(MOST)})
    if amount != amount.quantize(UNIT):
        raise invalid_amount(_("Credits have at most four decimals."))
    if not amount or (amount < 0 and not signed):
        raise invalid_amount(_("Write more than zero credits."))
    return amount.quantize(UNIT)


def invalid_amount(message: str) -> InvalidInput:
    return InvalidInput(message, errors={"amount": [message]})


def text(amount: Decimal) -> str:
    """As the API writes amounts: a string with four decimals."""
    return f"{amount:.4f}"
