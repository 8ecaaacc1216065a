"""``pii``: e-mail addresses, telephone numbers, cards with their check digit, IBANs with their checksum, keys."""

import re
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping
from typing import ClassVar

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from agent_app.guardrails.keys import key_matches
from agent_app.guardrails.registry import Config, PureKind
from agent_app.guardrails.verdict import PASSED, Match, Verdict, merged
from agent_app.json_schemas import Schema

# Every repetition is bounded, and no two of them side by side take the same characters: time grows with the text only.
_EMAIL = re.compile(r"(?<![\w.+-])[^\W_][\w.+'-]{0,63}@(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.){1,8}[^\W\d_]{2,24}(?![\w-])")
_CARD = re.compile(r"(?<![\d.,-])[2-6](?:[ -]?\d){12,18}(?![\d-]|[.,]\d)")
_IBAN = re.compile(r"(?<![A-Z0-9])[A-Z]{2}\d{2}(?: ?[A-Z0-9]){11,30}(?![A-Z0-9])", re.IGNORECASE | re.ASCII)
# A number that begins with + or a trunk 0, or has the form of the United States; dates, prices and versions are none.
_PHONE = re.compile(
    r"(?<![\w.,:/-])(?:"
    r"(?:\+|00)[1-9](?:[ ./()-]{0,2}\d){6,14}"
    r"|\(?0\d{1,5}\)?[ /-]\d(?:[ /-]?\d){4,10}"
    r"|(?:\(\d{3}\) ?|\d{3}[-. ])\d{3}[-. ]\d{4}"
    r")(?![\w-]|[.,/:]\d)"
)
_IBAN_LENGTHS: Mapping[str, int] = {
    "AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22, "BI": 27, "BR": 29, "BY": 28,
    "CH": 21, "CR": 22, "CY": 28, "CZ": 24, "DE": 22, "DJ": 27, "DK": 18, "DO": 28, "EE": 20, "EG": 29, "ES": 24, "FI": 18,
    "FK": 18, "FO": 18, "FR": 27, "GB": 22, "GE": 22, "GI": 23, "GL": 18, "GR": 27, "GT": 28, "HR": 21, "HU": 28, "IE": 22,
    "IL": 23, "IQ": 23, "IS": 26, "IT": 27, "JO": 30, "KW": 30, "KZ": 20, "LB": 28, "LC": 32, "LI": 21, "LT": 20, "LU": 20,
    "LV": 21, "LY": 25, "MC": 27, "MD": 24, "ME": 22, "MK": 19, "MN": 20, "MR": 27, "MT": 31, "MU": 30, "NI": 28, "NL": 18,
    "NO": 15, "OM": 23, "PK": 24, "PL": 28, "PS": 29, "PT": 25, "QA": 29, "RO": 24, "RS": 22, "RU": 33, "SA": 24, "SC": 31,
    "SD": 18, "SE": 24, "SI": 19, "SK": 24, "SM": 27, "SO": 23, "ST": 25, "SV": 28, "TL": 23, "TN": 24, "TR": 26, "UA": 29,
    "VA": 22, "VG": 24, "XK": 20,
}  # fmt: skip


def luhn(digits: str) -> bool:
    """Whether the last digit is the check digit of those before it."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def iban(text: str) -> bool:
    """Whether an IBAN without spaces has its country's length and a checksum that fits (ISO 13616)."""
    if _IBAN_LENGTHS.get(text[:2]) != len(text):
        return False
    return int("".join(str(int(character, 36)) for character in text[4:] + text[:4])) % 97 == 1


def _emails(text: str) -> Iterator[Match]:
    if "@" in text:
        yield from (Match(found.start(), found.end(), "email") for found in _EMAIL.finditer(text))


def _phones(text: str) -> Iterator[Match]:
    yield from (Match(found.start(), found.end(), "phone") for found in _PHONE.finditer(text))


def _cards(text: str) -> Iterator[Match]:
    for found in _CARD.finditer(text):
        digits = "".join(character for character in found[0] if character.isdigit())
        if len(set(digits)) > 1 and luhn(digits):
            yield Match(found.start(), found.end(), "card")


def _ibans(text: str) -> Iterator[Match]:
    for found in _IBAN.finditer(text):
        compact = ""
        for place, character in enumerate(found[0].upper()):
            if character != " ":
                compact += character
            # What follows an IBAN may look like more of it: the country says how long it is.
            if len(compact) == _IBAN_LENGTHS.get(compact[:2]) and iban(compact):
                yield Match(found.start(), found.start() + place + 1, "iban")
                break


_FINDERS: Mapping[str, Callable[[str], Iterator[Match]]] = {
    "email": _emails, "phone": _phones, "card": _cards, "iban": _ibans, "key": key_matches,
}  # fmt: skip
KINDS = tuple(_FINDERS)


def find(text: str, kinds: tuple[str, ...] | list[str] = KINDS) -> list[Match]:
    """Every match of ``kinds``. What is a card or an IBAN is not a telephone number as well."""
    plain = ascii_digits(text)
    found = [match for kind in kinds for match in _FINDERS[kind](plain)]
    taken = merged(match for match in found if match.what in ("card", "iban", "email"))
    return sorted(match for match in found if match.what != "phone" or not _inside(match, taken))


def _inside(match: Match, others: list[Match]) -> bool:
    """Whether it touches one of ``others``, which are in order and apart."""
    place = bisect_left(others, match.end, key=lambda other: other.start)
    return place > 0 and others[place - 1].end > match.start


class _Ascii(dict[int, str]):
    """What each character is read as; looked up once for each that occurs."""

    def __missing__(self, code: int) -> str:
        found = self[code] = _as_ascii(chr(code))
        return found


_ASCII = _Ascii()


def ascii_digits(text: str) -> str:
    """Digits of other scripts, full-width letters and the many kinds of space and hyphen as ASCII; places stay the same."""
    return text if text.isascii() else text.translate(_ASCII)


def _as_ascii(character: str) -> str:
    if character.isascii():
        return character
    if character.isdecimal():
        return str(int(character))
    if "\uff01" <= character <= "\uff5e":
        return chr(ord(character) - 0xFEE0)
    if character.isspace():
        return " "
    return "-" if "\u2010" <= character <= "\u2015" or character == "\u2212" else character


class Personal(PureKind):
    name = "pii"
    label = gettext_lazy("Personal data")
    summary = gettext_lazy("Finds e-mail addresses, telephone numbers, cards, IBANs and keys.")
    icon = "user-x"
    finds = True
    properties: ClassVar[Schema] = {
        "kinds": {
            "type": "array", "items": {"type": "string", "enum": list(KINDS)}, "minItems": 1, "uniqueItems": True,
            "title": gettext_lazy("What is looked for"),
        }
    }  # fmt: skip

    def check(self, text: str, config: Config) -> Verdict:
        found = find(text, config.get("kinds") or KINDS)
        if not found:
            return PASSED
        kinds = ", ".join(dict.fromkeys(match.what for match in found))
        message = _("The text has personal data in it: %(kinds)s.") % {"kinds": kinds}
        return Verdict(tripped=True, matches=tuple(found), message=message)
