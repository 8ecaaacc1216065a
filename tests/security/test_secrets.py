"""Secrets are encrypted where they must be read again, and left out of everything else."""

import base64
import json
import logging
import os

import pytest
from pytest_django import Settings

from config.lib import secrets
from config.lib.logs import JsonFormatter

KEYS = [
    "sk-proj-abcdef0123456789",  # pragma: allowlist secret
    "trp_" + "a" * 40,
    "hf_abcdefghijklmnop",
    "AIza" + "b" * 30,
    "gsk_1234567890abcdef",
]  # pragma: allowlist secret


@pytest.fixture(autouse=True)
def fresh_keys() -> object:
    secrets._keys.cache_clear()
    yield
    secrets._keys.cache_clear()


def key() -> str:
    return base64.urlsafe_b64encode(os.urandom(32)).decode()


def test_what_is_encrypted_is_read_again_and_is_not_readable_in_between() -> None:
    stored = secrets.encrypt("sk-secret", purpose="provider")
    assert "secret" not in stored
    assert secrets.decrypt(stored, purpose="provider") == "sk-secret"
    assert secrets.encrypt("sk-secret", purpose="provider") != stored


@pytest.mark.parametrize("change", ["purpose", "tamper", "truncate", "garbage", "empty"])
def test_it_refuses_what_was_moved_or_changed(change: str) -> None:
    stored = secrets.encrypt("sk-secret", purpose="provider")
    version, key_id, body = stored.split(".")
    sealed = bytearray(base64.urlsafe_b64decode(body))
    sealed[-1] ^= 1
    bent = {
        "purpose": stored,
        "tamper": f"{version}.{key_id}.{base64.urlsafe_b64encode(sealed).decode()}",
        "truncate": stored[:-8],
        "garbage": "v1.x.y",
        "empty": "",
    }[change]
    with pytest.raises(secrets.DecryptionError):
        secrets.decrypt(bent, purpose="mfa" if change == "purpose" else "provider")


def test_a_new_key_encrypts_and_the_old_one_still_reads(settings: Settings) -> None:
    old, new = key(), key()
    settings.FIELD_ENCRYPTION_KEYS = [old]
    stored = secrets.encrypt("sk-secret", purpose="provider")
    secrets._keys.cache_clear()
    settings.FIELD_ENCRYPTION_KEYS = [new, old]
    assert secrets.decrypt(stored, purpose="provider") == "sk-secret"
    assert secrets.encrypt("x", purpose="provider").split(".")[1] != stored.split(".")[1]
    secrets._keys.cache_clear()
    settings.FIELD_ENCRYPTION_KEYS = [new]
    with pytest.raises(secrets.DecryptionError):
        secrets.decrypt(stored, purpose="provider")


@pytest.mark.parametrize("text", KEYS)
def test_what_looks_like_a_key_is_redacted(text: str) -> None:
    told = secrets.redact(f"Incorrect API key provided: {text}. Authorization: Bearer {text}")
    assert text not in told
    assert "Incorrect API key provided" in told


def test_a_hint_shows_four_characters_of_a_long_secret_and_none_of_a_short_one() -> None:
    assert secrets.hint("sk-proj-abcdef0123456789") == "…6789"  # pragma: allowlist secret
    assert secrets.hint("short") == "…"


def test_a_log_line_is_json_and_cannot_be_split_by_what_it_tells() -> None:
    record = logging.LogRecord("x", logging.INFO, "", 0, "first\n%s", ('second "quoted"',), None)
    line = JsonFormatter().format(record)
    assert "\n" not in line
    assert json.loads(line)["message"] == 'first\nsecond "quoted"'
