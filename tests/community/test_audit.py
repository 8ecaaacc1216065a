"""Audit entries: written in the caller's transaction, without secrets, and never changed."""

import pytest
from django.db import IntegrityError, transaction

from community.models import AuditEntry
from config.lib import audit

pytestmark = pytest.mark.django_db


def record(**fields: object) -> AuditEntry:
    values: dict[str, object] = {"action": "test.done", "actor_id": None, "workspace_id": None} | fields
    audit.record(audit.Entry(**values))  # type: ignore[arg-type]
    return AuditEntry.objects.latest("id")


def test_postgresql_refuses_to_change_an_entry() -> None:
    entry = record()
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        AuditEntry.objects.update(action="something else")
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        AuditEntry.objects.all().delete()
    assert AuditEntry.objects.get().action == entry.action


def test_what_is_rolled_back_leaves_no_entry() -> None:
    @transaction.atomic
    def fail() -> None:
        record()
        raise RuntimeError("no")

    with pytest.raises(RuntimeError, match="no"):
        fail()
    assert not AuditEntry.objects.exists()


def test_secrets_are_left_out_even_where_a_caller_forgot_to() -> None:
    key = "sk-" + "a1" * 12
    entry = record(
        before={"password": "hunter2", "nested": {"api_key": "x", "note": f"uses {key}"}},  # pragma: allowlist secret
        after={"refresh_token": "x", "max_tokens": 100, "tags": [key, "fine"]},
    )
    assert entry.before == {"password": "[redacted]", "nested": {"api_key": "[redacted]", "note": "uses [redacted]"}}
    assert entry.after == {"refresh_token": "[redacted]", "max_tokens": 100, "tags": ["[redacted]", "fine"]}


@pytest.mark.parametrize(("ip", "stored"), [("2001:db8::1", "2001:db8::1"), ("nonsense; drop", None), ("", None)])
def test_an_address_that_is_none_is_not_stored(ip: str, stored: str | None) -> None:
    assert record(ip=ip).ip == stored
