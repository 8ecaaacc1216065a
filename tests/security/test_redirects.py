"""``?next=`` leads to pages of ours only."""

from urllib.parse import urlencode, urlsplit

import pytest
from django.test import Client

from community.services.people import person_register
from tests.cast import PASSWORD, Cast, fresh_address

ELSEWHERE = [
    "https://evil.example/",
    "//evil.example/",
    "///evil.example/",
    "/\\evil.example",
    "\\\\evil.example",
    "https:evil.example",
    "javascript:alert(1)",
    "data:text/html,x",
    " https://evil.example",
    "https://testserver@evil.example/",
    "http://testserver.evil.example/",
    "/\t/evil.example",
]


def stays(location: str) -> bool:
    if location.startswith("http://testserver/"):
        return True
    return location.startswith("/") and not location.startswith(("//", "/\\", "/\t")) and not urlsplit(location).netloc


@pytest.mark.django_db
@pytest.mark.parametrize("target", ELSEWHERE)
def test_signing_in_never_leads_elsewhere(client: Client, target: str) -> None:
    user = person_register(email=fresh_address("alice"), password=PASSWORD, name="Alice")
    response = client.post("/accounts/login/", {"login": user.email, "password": PASSWORD, "next": target})
    assert response.status_code == 302
    assert stays(response["Location"]), response["Location"]


@pytest.mark.django_db
@pytest.mark.parametrize("target", ELSEWHERE[:4])
def test_signing_up_never_leads_elsewhere(client: Client, target: str) -> None:
    data = {"name": "New", "email": fresh_address("new"), "password1": PASSWORD, "next": target}
    response = client.post("/accounts/signup/", data)
    assert response.status_code == 302
    assert stays(response["Location"]), response["Location"]


@pytest.mark.parametrize("target", ELSEWHERE[:4])
def test_signing_out_never_leads_elsewhere(cast: Cast, target: str) -> None:
    response = cast.alice.browser().post("/accounts/logout/", {"next": target})
    assert response.status_code == 302
    assert stays(response["Location"]), response["Location"]


@pytest.mark.django_db
def test_signing_in_leads_back_to_a_page_of_ours(client: Client) -> None:
    user = person_register(email=fresh_address("alice"), password=PASSWORD, name="Alice")
    data = {"login": user.email, "password": PASSWORD, "next": "/agents/?q=a"}
    assert client.post("/accounts/login/", data)["Location"] == "/agents/?q=a"


def test_the_guard_remembers_only_paths_of_ours(client: Client, db: None) -> None:
    path = "/workspaces/01900000-0000-7000-8000-000000000001/switch/"
    headers = {"HX-Request": "true", "HX-Current-URL": "https://evil.example/x"}
    assert client.post(path, headers=headers)["HX-Redirect"] == "/accounts/login/?next=%2F"


@pytest.mark.parametrize(
    ("referer", "back"),
    [
        ("http://testserver/workspace/members/?q=a#x", "/workspace/members/?q=a"),
        ("https://evil.example/workspace/members/", "/"),
        ("http://testserver@evil.example/", "/"),
        ("http://testserver//evil.example/", "/"),
        ("", "/"),
    ],
)
def test_who_sent_a_form_after_the_session_ended_comes_back_to_its_page(
    client: Client, db: None, referer: str, back: str
) -> None:
    """The address of the form itself answers nothing to somebody who opens it."""
    response = client.post("/workspaces/01900000-0000-7000-8000-000000000001/switch/", headers={"Referer": referer})
    assert response["Location"] == f"/accounts/login/?{urlencode({'next': back})}"


def test_a_fragment_that_was_sent_comes_back_to_the_page_around_it(client: Client, db: None) -> None:
    path = "/workspaces/01900000-0000-7000-8000-000000000001/switch/"
    headers = {
        "HX-Request": "true",
        "HX-Current-URL": "http://testserver/workspace/members/?q=a",
        "Referer": "http://testserver/elsewhere/",
    }
    assert client.post(path, headers=headers)["HX-Redirect"] == (
        f"/accounts/login/?{urlencode({'next': '/workspace/members/?q=a'})}"
    )


def test_the_address_of_a_form_is_a_page_that_says_so(cast: Cast) -> None:
    response = cast.alice.browser().get("/workspaces/01900000-0000-7000-8000-000000000001/switch/")
    assert (response.status_code, response["Allow"]) == (405, "POST")
    assert "only takes what a form sends" in response.content.decode()
