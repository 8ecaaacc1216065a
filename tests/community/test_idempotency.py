"""One key, one object, however often and at whatever moment the request arrives."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from django.db import connection, transaction
from django.utils import timezone

from community.models import IdempotencyRecord
from community.services import idempotency
from community.tasks import purge_expired
from config.lib.errors import Conflict, InvalidInput

ACTOR, WORKSPACE = uuid4(), uuid4()


def claim(
    *, key: str = "k", digest: str = "d", object_id: UUID | None = None, **scope: UUID
) -> IdempotencyRecord | None:
    return idempotency.claim(
        actor_id=scope.get("actor_id", ACTOR),
        workspace_id=scope.get("workspace_id", WORKSPACE),
        path="/api/v1/agents/1/run/",
        key=key,
        body_digest=digest,
        object_id=object_id or uuid4(),
    )


@pytest.mark.django_db
def test_the_first_request_gets_the_key_and_the_second_the_first_object() -> None:
    object_id = uuid4()
    assert claim(object_id=object_id) is None
    again = claim()
    assert again is not None
    assert again.object_id == object_id


@pytest.mark.django_db
def test_it_refuses_the_same_key_with_another_body() -> None:
    claim(digest="one")
    with pytest.raises(Conflict) as refused:
        claim(digest="two")
    assert refused.value.error_code == "idempotency_key_reused"


@pytest.mark.django_db
def test_a_key_belongs_to_one_person_in_one_workspace() -> None:
    claim()
    assert claim(actor_id=uuid4()) is None
    assert claim(workspace_id=uuid4()) is None
    assert claim(key="other") is None


@pytest.mark.django_db
@pytest.mark.parametrize("key", ["", "x" * 201])
def test_it_refuses_a_key_that_is_empty_or_too_long(key: str) -> None:
    with pytest.raises(InvalidInput):
        claim(key=key)


@pytest.mark.django_db
def test_a_key_is_free_again_after_a_day() -> None:
    claim(digest="one")
    IdempotencyRecord.objects.update(created_at=timezone.now() - timedelta(hours=25))
    assert claim(digest="two") is None
    assert IdempotencyRecord.objects.count() == 1


@pytest.mark.django_db
def test_old_records_are_purged_and_young_ones_stay() -> None:
    claim(key="old")
    IdempotencyRecord.objects.update(created_at=timezone.now() - timedelta(hours=25))
    claim(key="young")
    purge_expired()
    assert list(IdempotencyRecord.objects.values_list("key", flat=True)) == ["young"]


@pytest.mark.django_db(transaction=True)
def test_twenty_requests_at_once_make_one_object() -> None:
    def request(_number: int) -> UUID:
        object_id = uuid4()
        try:
            with transaction.atomic():
                first = claim(object_id=object_id)
            return first.object_id if first else object_id
        finally:
            connection.close()

    with ThreadPoolExecutor(10) as pool:
        answers = set(pool.map(request, range(20)))
    assert len(answers) == 1
    assert IdempotencyRecord.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_request_that_fails_leaves_its_key_free() -> None:
    @transaction.atomic
    def fail() -> None:
        claim(digest="one")
        raise RuntimeError("no")

    with pytest.raises(RuntimeError, match="no"):
        fail()
    assert claim(digest="two") is None
