"""``?next=`` leads to pages of ours only."""

from urllib.parse import urlsplit

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
