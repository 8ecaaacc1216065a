"""Nobody learns from an answer, or from the work behind it, who is registered."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from community.models import User
from community.services.people import person_register
from tests.cast import PASSWORD, Api, fresh_address
from tests.security.hashers import CountingHasher


@pytest.fixture(autouse=True)
def counting(settings: Settings) -> None:
    settings.PASSWORD_HASHERS = ["tests.security.hashers.CountingHasher"]


@pytest.fixture
def alice(db: None, counting: None) -> User:
    return person_register(email=fresh_address("alice"), password=PASSWORD, name="Alice")


def work_of(call: Any) -> tuple[Any, int]:
    CountingHasher.hashed.clear()
    response = call()
    return response, len(CountingHasher.hashed)


def test_login_answers_an_unknown_address_like_a_wrong_password(alice: User, anyone: Api) -> None:
    answers = []
    for email in (alice.email, fresh_address("nobody")):
        data = {"email": email, "password": "wrong"}  # pragma: allowlist secret
        response, work = work_of(lambda data=data: anyone.post("auth/login/", data, headers={"X-Request-ID": "same"}))
        answers.append((response.status_code, response.content, work))
    assert answers[0] == answers[1]
    assert answers[0][2] == 1


def test_the_sign_in_page_does_too(alice: User, client: Client) -> None:
    answers = []
    for email in (alice.email, fresh_address("nobody")):
        data = {"login": email, "password": "wrong"}  # pragma: allowlist secret
        response, work = work_of(lambda data=data: client.post("/accounts/login/", data))
        answers.append((response.status_code, str(response.context["form"].errors), work))
    assert answers[0] == answers[1]


def test_a_forgotten_password_is_answered_the_same(alice: User, client: Client, mailoutbox: list[Any]) -> None:
    answers = [
        client.post("/accounts/password/reset/", {"email": email}) for email in (alice.email, fresh_address("nobody"))
    ]
    assert [(answer.status_code, answer["Location"]) for answer in answers] == [
        (302, "/accounts/password/reset/done/")
    ] * 2
    assert len(mailoutbox) == 2  # the unknown address is told that it is unknown, by mail


def test_where_addresses_are_verified_registering_tells_nothing(
    alice: User, anyone: Api, client: Client, settings: Settings
) -> None:
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"
    by_api, by_page = [], []
    for email in (alice.email, fresh_address("free")):
        data = {"email": email, "password": PASSWORD, "name": "Somebody"}
        response, work = work_of(lambda data=data: anyone.post("auth/register/", data))
        by_api.append((response.status_code, sorted(response.json()), sorted(response.json()["user"]), work))
    for email in (alice.email, fresh_address("free")):
        form = {"email": email, "password1": PASSWORD, "name": "Somebody"}
        response, work = work_of(lambda form=form: Client().post("/accounts/signup/", form))
        by_page.append((response.status_code, response["Location"], work))
    assert by_api[0] == by_api[1]
    assert by_page[0] == by_page[1]


def test_where_addresses_are_verified_as_much_is_written_for_a_taken_one_and_nothing_stays(
    alice: User, settings: Settings
) -> None:
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"

    def written(call: Any) -> set[str]:
        with CaptureQueriesContext(connection) as captured:
            call()
        inserts = [query["sql"].split('"')[1] for query in captured if query["sql"].startswith("INSERT")]
        return {table for table in inserts if table.startswith(("community_", "account_"))}

    def by_api(email: str) -> set[str]:
        return written(lambda: Api().post("auth/register/", {"email": email, "password": PASSWORD, "name": "Somebody"}))

    def by_page(email: str) -> set[str]:
        return written(
            lambda: Client().post("/accounts/signup/", {"email": email, "password1": PASSWORD, "name": "Somebody"})
        )

    for register in (by_api, by_page):
        free = register(fresh_address("free"))
        people = User.objects.count()
        assert free <= register(alice.email)
        assert User.objects.count() == people
