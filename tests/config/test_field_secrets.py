"""Stored secrets are readable with the right key for the right purpose, and nowhere else."""

import base64
from collections.abc import Iterator

import pytest
from django.conf import LazySettings
from django.core.exceptions import ImproperlyConfigured

from config.lib import secrets
from config.lib.secrets import DecryptionError, decrypt, encrypt, hint, redact

OLD, NEW = (base64.urlsafe_b64encode(bytes([number]) * 32).decode() for number in (1, 2))


@pytest.fixture(autouse=True)
def _fresh_keys() -> Iterator[None]:
    secrets._keys.cache_clear()
    yield
    secrets._keys.cache_clear()


def test_what_is_encrypted_can_be_read_for_its_purpose_only() -> None:
    stored = encrypt("Grüß Gott", purpose="a")
    assert decrypt(stored, purpose="a") == "Grüß Gott"
    assert "Gott" not in stored
    with pytest.raises(DecryptionError):
        decrypt(stored, purpose="b")


def test_the_same_text_is_never_stored_the_same() -> None:
    assert encrypt("x", purpose="a") != encrypt("x", purpose="a")


@pytest.mark.parametrize(
    "change", [lambda s: s[:-6] + "AAAAA=", lambda s: "", lambda s: "v1.zzz.AAAA", lambda s: s.replace("v1.", "")]
)
def test_what_was_changed_is_refused(change: object) -> None:
    with pytest.raises(DecryptionError):
        decrypt(change(encrypt("x", purpose="a")), purpose="a")  # type: ignore[operator]


def test_a_rotated_key_still_reads_old_rows_and_writes_with_the_new_one(settings: LazySettings) -> None:
    settings.FIELD_ENCRYPTION_KEYS = [OLD]
    old = encrypt("x", purpose="a")
    settings.FIELD_ENCRYPTION_KEYS = [NEW, OLD]
    secrets._keys.cache_clear()
    assert decrypt(old, purpose="a") == "x"
    new = encrypt("y", purpose="a")
    settings.FIELD_ENCRYPTION_KEYS = [NEW]
    secrets._keys.cache_clear()
    assert decrypt(new, purpose="a") == "y"
    with pytest.raises(DecryptionError):
        decrypt(old, purpose="a")


@pytest.mark.parametrize("keys", [[], [base64.urlsafe_b64encode(b"short").decode()]])
def test_a_missing_or_short_key_is_an_error_of_the_operator(settings: LazySettings, keys: list[str]) -> None:
    settings.FIELD_ENCRYPTION_KEYS = keys
    with pytest.raises(ImproperlyConfigured):
        encrypt("x", purpose="a")


@pytest.mark.parametrize(("secret", "shown"), [("sk-1234567890", "…7890"), ("short", "…"), ("elevenchars", "…")])
def test_a_hint_shows_four_characters_of_a_long_secret(secret: str, shown: str) -> None:
    assert hint(secret) == shown


@pytest.mark.parametrize(
    "key",
    [
        "sk-abcdefghijklmnop",  # pragma: allowlist secret
        "sk-proj-abc_def-ghijklmn",  # pragma: allowlist secret
        "AIzaSyA1234567890abcdefghij",  # pragma: allowlist secret
        "hf_abcdefghijklmnop",  # pragma: allowlist secret
        "Bearer abcdef.ghijkl-mnop",  # pragma: allowlist secret
    ],
)  # fmt: skip
def test_what_looks_like_a_key_is_taken_out(key: str) -> None:
    assert redact(f"Incorrect key {key}, sorry") == "Incorrect key [redacted], sorry"


def test_ordinary_words_stay() -> None:
    assert redact("a risk-free sk-ip and the key-hole") == "a risk-free sk-ip and the key-hole"
