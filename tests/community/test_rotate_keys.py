"""``manage.py rotate_keys``: afterwards the old key can be thrown away."""

import base64
import re
from collections.abc import Iterator
from io import StringIO

import pytest
from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from django.apps import apps
from django.conf import LazySettings
from django.core.management import CommandError, call_command

from agent_app.models import Provider, ProviderKey
from config.lib import secrets
from tests.agents.world import KEY, make_key, make_provider
from tests.architecture.source import modules
from tests.cast import Cast

OLD, NEW = (base64.urlsafe_b64encode(bytes([number]) * 32).decode() for number in (1, 2))


def use(settings: LazySettings, *keys: str) -> None:
    settings.FIELD_ENCRYPTION_KEYS = list(keys)
    secrets._keys.cache_clear()


@pytest.fixture(autouse=True)
def _fresh_keys(settings: LazySettings) -> Iterator[None]:
    use(settings, OLD)
    yield
    secrets._keys.cache_clear()


def rotate(*options: str) -> str:
    out = StringIO()
    call_command("rotate_keys", *options, stdout=out)
    return out.getvalue()


def test_everything_is_readable_without_the_old_key_afterwards(cast: Cast, settings: LazySettings) -> None:
    encrypt = get_adapter().encrypt
    kinds = (
        ("totp", {"secret": encrypt("JBSW")}),
        ("recovery_codes", {"migrated_codes": [encrypt("1"), encrypt("2")], "used_mask": 0}),
    )
    for kind, data in kinds:
        Authenticator.objects.create(user=cast.alice.user, type=kind, data=data)
    make_provider(cast.alice)
    make_key(cast.alice)
    use(settings, NEW, OLD)
    assert "agents.Provider.api_key_encrypted: 0 current, 1 renewed, 0 unreadable" in rotate()
    use(settings, NEW)
    assert (Provider.objects.get().api_key, ProviderKey.objects.get().key) == (KEY, KEY)
    decrypt = get_adapter().decrypt
    assert decrypt(Authenticator.objects.get(type="totp").data["secret"]) == "JBSW"
    codes = Authenticator.objects.get(type="recovery_codes").data
    assert ([decrypt(code) for code in codes["migrated_codes"]], codes["used_mask"]) == (["1", "2"], 0)


def test_it_goes_on_where_it_was_stopped_and_may_be_repeated(cast: Cast, settings: LazySettings) -> None:
    make_provider(cast.alice, name="one")
    use(settings, NEW, OLD)
    make_provider(cast.alice, name="two")
    with pytest.raises(CommandError, match="1 values are still under an old key"):
        rotate("--check")
    assert "1 current, 1 renewed" in rotate()
    stored = list(Provider.objects.order_by("id").values_list("api_key_encrypted", flat=True))
    assert "2 current, 0 renewed" in rotate()
    assert list(Provider.objects.order_by("id").values_list("api_key_encrypted", flat=True)) == stored
    rotate("--check")


def test_what_no_key_reads_is_left_as_it_is_and_said(cast: Cast, settings: LazySettings) -> None:
    lost = make_provider(cast.alice, name="lost")
    use(settings, NEW)
    make_provider(cast.alice, name="kept")
    with pytest.raises(CommandError, match="1 values cannot be read"):
        rotate()
    assert Provider.objects.get(id=lost.id).api_key_encrypted == lost.api_key_encrypted


def test_every_purpose_of_encryption_is_among_the_columns() -> None:
    """Whoever encrypts something new names where it lies, or its rows would be lost with the old key."""
    used = {name for module in modules() for name in re.findall(r"secrets\.encrypt\([^)]*purpose=(\w+)", module.text)}
    assert used == {"KEY_PURPOSE", "POOL_PURPOSE", "TOTP_PURPOSE", "STATE_PURPOSE", "TOKENS_PURPOSE", "VALUES_PURPOSE"}
    assert {column.purpose for column in secrets.columns} >= {"provider.api_key", "provider_key.key"}
    for column in secrets.columns:
        assert apps.get_model(column.model)._meta.get_field(column.field)
