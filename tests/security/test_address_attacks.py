"""Whoever had somebody's password or mailbox for a while does not get the account back by a link that was sent then."""

from typing import Any

import pytest
from django.test import Client

from community.models import User
from tests.cast import PASSWORD, Api, fresh_address
from tests.community.test_api_addresses import NEW, addresses, alice, key_mailed
from tests.community.test_api_second_factor import program

__all__ = ["alice"]


def by_link(user: User) -> None:
    Api().post("auth/password-reset/", {"email": user.email})
    assert (
        Api().post("auth/password-reset/confirm/", {"key": key_mailed(user.email), "password": NEW}).status_code == 204
    )


def by_program(user: User) -> None:
    answer = program(user).post("users/me/password/", {"current": PASSWORD, "new": NEW})
    assert answer.status_code == 200


def by_page(user: User) -> None:
    client = Client()
    client.post("/accounts/login/", {"login": user.email, "password": PASSWORD})
    data = {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW}
    assert client.post("/accounts/password/change/", data).status_code == 302


@pytest.mark.parametrize("renew", [by_link, by_program, by_page])
def test_a_new_password_ends_a_change_of_address_that_somebody_else_began(alice: User, renew: Any) -> None:
    theirs = fresh_address("thief")
    assert program(alice).post("users/me/email/", {"email": theirs}).status_code == 202
    key = key_mailed(theirs)
    renew(alice)
    assert Api().post("auth/verify-email/", {"key": key}).status_code == 404
    Client().post(f"/accounts/confirm-email/{key}/")
    assert list(addresses(alice)) == [alice.email]
    assert User.objects.get(id=alice.id).email == alice.email


def test_a_link_to_a_new_password_dies_with_the_address_it_was_sent_to(alice: User) -> None:
    old, new = alice.email, fresh_address("new")
    Api().post("auth/password-reset/", {"email": old})
    key = key_mailed(old)
    program(alice).post("users/me/email/", {"email": new})
    assert Api().post("auth/verify-email/", {"key": key_mailed(new)}).status_code == 200
    assert Api().post("auth/password-reset/confirm/", {"key": key, "password": NEW}).status_code == 404
    assert Api().post("auth/login/", {"email": new, "password": PASSWORD}).status_code == 200
