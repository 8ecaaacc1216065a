"""Keys, tokens and passwords in a text, by the forms that their makers gave them. Pure."""

import re
from collections.abc import Iterator

from agent_app.guardrails.verdict import Match

_SHAPES = (
    r"sk-ant-[A-Za-z0-9_-]{16,200}",  # Anthropic
    r"sk-(?:proj-|svcacct-|or-v1-)?[A-Za-z0-9_-]{16,200}",  # OpenAI, OpenRouter, DeepSeek
    r"(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{10,200}",  # Stripe
    r"whsec_[A-Za-z0-9+/=]{16,100}",
    r"trp_[A-Za-z0-9]{20,80}",  # ours
    r"gh[pousr]_[A-Za-z0-9]{20,255}",
    r"github_pat_[A-Za-z0-9_]{20,255}",
    r"glpat-[A-Za-z0-9_-]{20,64}",
    r"xox[abeoprs]-[A-Za-z0-9-]{10,250}",  # Slack
    r"(?:AKIA|ASIA|AROA|AIDA)[A-Z0-9]{16}",  # Amazon
    r"AIza[A-Za-z0-9_-]{35}",  # Google
    r"ya29\.[A-Za-z0-9_-]{20,300}",
    r"hf_[A-Za-z0-9]{20,64}",
    r"gsk_[A-Za-z0-9]{20,100}",
    r"xai-[A-Za-z0-9]{20,120}",
    r"npm_[A-Za-z0-9]{30,60}",
    r"pypi-[A-Za-z0-9_-]{20,250}",
    r"SG\.[A-Za-z0-9_-]{16,32}\.[A-Za-z0-9_-]{30,64}",  # SendGrid
    r"eyJ[A-Za-z0-9_-]{8,2000}\.eyJ[A-Za-z0-9_-]{4,4000}\.[A-Za-z0-9_-]{8,1000}",  # a JWT
)
_KEY = re.compile(rf"(?<![A-Za-z0-9_])(?:{'|'.join(_SHAPES)})(?![A-Za-z0-9])")
_PRIVATE = re.compile(r"-----BEGIN (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----")
_PRIVATE_END = re.compile(r"-----END (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----")
_NAMED = re.compile(
    r"(?<![A-Za-z0-9])(?:api[_-]?key|access[_-]?key|secret(?:[_-]?key)?|client[_-]?secret|auth[_-]?token|access[_-]?token|"
    r"password|passwd|pwd)[\"']? {0,3}(?:[:=]|is) {0,3}[\"']?(?P<value>[^\s\"',;<>{}]{8,200})",
    re.IGNORECASE | re.ASCII,
)
_BEARER = re.compile(r"\bbearer {1,3}(?P<value>[A-Za-z0-9._~+/-]{16,2000})", re.IGNORECASE | re.ASCII)
_IN_URL = re.compile(r"[a-z][a-z0-9+.-]{1,20}://[^\s/:@]{1,100}:(?P<value>[^\s/@]{3,200})@", re.IGNORECASE | re.ASCII)


def key_matches(text: str) -> Iterator[Match]:
    """Keys whose very form says what they are."""
    yield from (Match(found.start(), found.end(), "key") for found in _KEY.finditer(text))
    yield from _private_keys(text)


def secret_matches(text: str) -> Iterator[Match]:
    """Those, and values that are called a password, a secret or a token."""
    yield from key_matches(text)
    for pattern in (_NAMED, _BEARER, _IN_URL):
        for found in pattern.finditer(text):
            if _telling(found["value"]):
                yield Match(found.start("value"), found.end("value"), "secret")


def _private_keys(text: str) -> Iterator[Match]:
    """A block from its first line to its last; one without an end to the end of the text."""
    place = 0
    while begin := _PRIVATE.search(text, place):
        end = _PRIVATE_END.search(text, begin.end())
        place = end.end() if end else len(text)
        yield Match(begin.start(), place, "private key")


def _telling(value: str) -> bool:
    """A value, and not a word that stands for one: a digit or a sign and a letter, and some variety."""
    letters = any(character.isalpha() for character in value)
    others = any(not character.isalpha() for character in value.rstrip(".!?)"))
    return letters and others and len(set(value)) > 4 and not value.startswith(("$", "<", "{", "os.", "env."))
