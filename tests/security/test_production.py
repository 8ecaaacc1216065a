"""Production refuses to start open. Each case is a process of its own, as settings are read once."""

import base64
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOUND = {
    "ENVIRONMENT": "production",
    "SECRET_KEY": base64.b64encode(os.urandom(48)).decode(),
    "FIELD_ENCRYPTION_KEY": base64.urlsafe_b64encode(os.urandom(32)).decode(),
    "ALLOWED_HOSTS": "troupe.example",
    "BASE_URL": "https://troupe.example",
}

SCRIPT = """
import config.settings as s
print(s.SECURE_SSL_REDIRECT, s.SECURE_HSTS_SECONDS > 10**7, s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE, s.DEBUG,
      s.DEMO_PASSWORD == "", s.ACCOUNT_EMAIL_VERIFICATION)
"""


def start(**changes: str) -> subprocess.CompletedProcess[str]:
    own = ("SECRET_KEY", "DEBUG", "ENVIRONMENT", "FIELD_ENCRYPTION_KEY", "EMAIL_VERIFICATION", "SECURE_SSL")
    environment = {name: value for name, value in os.environ.items() if name not in own} | SOUND | changes
    command = [sys.executable, "-c", SCRIPT]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False)


def test_it_starts_closed() -> None:
    result = start()
    assert result.stdout.split() == ["True", "True", "True", "True", "False", "True", "mandatory"], result.stderr


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"SECRET_KEY": "insecure-development-key"}, "SECRET_KEY"),  # pragma: allowlist secret
        ({"SECRET_KEY": "short"}, "SECRET_KEY"),  # pragma: allowlist secret
        ({"DEBUG": "1"}, "DEBUG"),
        ({"FIELD_ENCRYPTION_KEY": ""}, "FIELD_ENCRYPTION_KEY"),
    ],
)
def test_it_refuses_and_says_why(changes: dict[str, str], said: str) -> None:
    result = start(**changes)
    assert result.returncode != 0
    last = result.stderr.strip().splitlines()[-1]
    assert said in last
