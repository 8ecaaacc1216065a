"""``EMAIL_URL``"""

from pathlib import Path
from typing import Any

import pytest
from django.core import mail
from django.core.exceptions import ImproperlyConfigured
from django.core.mail.backends import console, locmem, smtp
from pytest_django import Settings

from config.email import EnvironmentBackend, backend


@pytest.mark.parametrize(
    ("url", "kind"), [("console://", console), ("memory://", locmem), ("smtp://mail.example", smtp)]
)
def test_the_scheme_chooses_the_backend(url: str, kind: Any) -> None:
    assert type(backend(url)) is kind.EmailBackend


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("smtp://mail.example", ("mail.example", 25, "", "", False, False)),
        (
            "smtp://me:p%40ss@mail.example:587?tls=1",  # pragma: allowlist secret
            ("mail.example", 587, "me", "p@ss", True, False),
        ),  # pragma: allowlist secret
        ("smtp://mail.example:587?tls=true", ("mail.example", 587, "", "", True, False)),
        ("smtp://mail.example?tls=false", ("mail.example", 25, "", "", False, False)),
        (
            "smtps://me:secret@mail.example",  # pragma: allowlist secret
            ("mail.example", 465, "me", "secret", False, True),
        ),  # pragma: allowlist secret
    ],
)
def test_smtp_takes_everything_from_the_address(url: str, expected: tuple[object, ...]) -> None:
    found: Any = backend(url)
    assert (found.host, found.port, found.username, found.password, found.use_tls, found.use_ssl) == expected
    assert found.timeout


@pytest.mark.parametrize("url", ["", "smtp://", "file://", "carrier-pigeon://roof"])
def test_an_address_nobody_understands_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(ImproperlyConfigured) as refused:
        backend(url)
    assert "roof" not in str(refused.value)


def test_mail_goes_where_the_setting_says(tmp_path: Path, settings: Settings) -> None:
    settings.EMAIL_URL = f"file://{tmp_path}"
    message = mail.EmailMessage("Hello", "Body", to=["alice@example.com"], connection=EnvironmentBackend())
    assert message.send() == 1
    assert "Subject: Hello" in next(tmp_path.iterdir()).read_text()
