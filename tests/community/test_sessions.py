"""Refresh tokens rotate, and a used one ends its family."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from community.models import AuditEntry, RefreshFamily
from community.services import sessions
from community.tokens import AccessToken, RefreshToken
from config.lib.errors import Unauthenticated
from tests.cast import Cast, make_user


def sign_in(cast: Cast) -> sessions.Tokens:
    return sessions._sign_in(cast.alice.user, method="test")


def test_a_refresh_token_gives_new_tokens(cast: Cast) -> None:
    first = sign_in(cast)
    second = sessions.tokens_rotate(refresh=first.refresh)
    assert second.refresh != first.refresh
    assert AccessToken.read(second.access).user_id == cast.alice.user.id
    third = sessions.tokens_rotate(refresh=second.refresh)
    assert RefreshToken.read(third.refresh).family_id == RefreshToken.read(first.refresh).family_id


def test_a_used_refresh_token_ends_its_family_and_only_that(cast: Cast) -> None:
    first, elsewhere = sign_in(cast), sign_in(cast)
    second = sessions.tokens_rotate(refresh=first.refresh)

    with pytest.raises(Unauthenticated):
        sessions.tokens_rotate(refresh=first.refresh)
    with pytest.raises(Unauthenticated):
        sessions.tokens_rotate(refresh=second.refresh)

    assert AuditEntry.objects.filter(action="session.reuse_detected", actor_id=cast.alice.user.id).count() == 1
    assert sessions.tokens_rotate(refresh=elsewhere.refresh).user == cast.alice.user


@pytest.mark.django_db(transaction=True)
def test_two_uses_at_the_same_moment_do_not_both_succeed() -> None:
    tokens = sessions._sign_in(make_user("alice"), method="test")

    def rotate(_number: int) -> bool:
        try:
            sessions.tokens_rotate(refresh=tokens.refresh)
        except Unauthenticated:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(5) as pool:
        assert sum(pool.map(rotate, range(5))) == 1
    assert RefreshFamily.objects.get().revoked_at is not None


def test_signing_out_ends_the_family(cast: Cast) -> None:
    tokens = sign_in(cast)
    sessions.tokens_revoke(refresh=tokens.refresh)
    sessions.tokens_revoke(refresh=tokens.refresh)
    with pytest.raises(Unauthenticated):
        sessions.tokens_rotate(refresh=tokens.refresh)
    assert AuditEntry.objects.filter(action="session.signed_out").count() == 1


def test_a_new_password_ends_every_token(cast: Cast) -> None:
    tokens = sign_in(cast)
    cast.alice.user.set_password("something else entirely")
    cast.alice.user.save()
    with pytest.raises(Unauthenticated):
        sessions.tokens_rotate(refresh=tokens.refresh)


def test_a_deactivated_person_gets_no_new_tokens(cast: Cast) -> None:
    tokens = sign_in(cast)
    cast.alice.user.is_active = False
    cast.alice.user.save()
    with pytest.raises(Unauthenticated):
        sessions.tokens_rotate(refresh=tokens.refresh)


def test_an_expired_family_gives_no_new_tokens(cast: Cast) -> None:
    tokens = sign_in(cast)
    RefreshFamily.objects.update(expires_at=timezone.now())
    with pytest.raises(Unauthenticated):
        sessions.tokens_rotate(refresh=tokens.refresh)


def test_families_are_forgotten_a_month_after_they_ended(cast: Cast) -> None:
    sign_in(cast)
    assert sessions.expired_delete() == 0
    RefreshFamily.objects.update(expires_at=timezone.now() - timedelta(days=31))
    assert sessions.expired_delete() == 1
