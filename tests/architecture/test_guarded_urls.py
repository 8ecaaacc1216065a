"""Every address asks who is there, except those in this list, each with its reason."""

from fnmatch import fnmatch
from typing import Any

import pytest
from django.conf import settings
from django.shortcuts import resolve_url
from django.test import Client

from tests.walk import Address, addresses

PUBLIC = {
    "": "the home page sends visitors to the sign-in; programs get the API root",
    "health/": "load balancers have no account; tells only that the process lives",
    "health/live/": "the same",
    "health/ready/": "the same, and which part is missing",
    "static/<path>": "the front end's files, the same for everybody (development only)",
    "api/": "names the endpoints, the same for everybody",
    "api/<path:rest>": "what is not there",
    "api/schema/": "the description of the API, the same for everybody",
    "api/docs/": "the explorer of that description",
    "api/v1/auth/register/": "makes the account",
    "api/v1/auth/login/": "checks the password",
    "api/v1/auth/mfa/": "checks the token of the first step and the code",
    "api/v1/auth/refresh-token/": "the refresh token in the body is the credential",
    "api/v1/auth/logout/": "the refresh token in the body is the credential",
    "api/v1/auth/verify-email/": "the key of the link in the body is the credential",
    "api/v1/auth/password-reset/": "for people who cannot sign in; answers the same for everybody",
    "api/v1/auth/password-reset/confirm/": "the key of the link in the body is the credential",
    "accounts/login/": "the sign-in page",
    "accounts/signup/": "the sign-up page",
    "accounts/logout/": "answers visitors with a redirect to the home page",
    "accounts/inactive/": "a notice",
    "accounts/confirm-email/": "a notice: look into your mail",
    "accounts/confirm-email/<*": "the key in the link is the credential",
    "accounts/password/reset/*": "for people who cannot sign in; the key in the link is the credential",
    "accounts/login/code/confirm/": "second step of a sign-in, bound to the session that began it",
    "accounts/2fa/authenticate/": "second step of a sign-in, bound to the session that began it",
    "accounts/google/*": "begins or ends a sign-in at Google; 404 unless it is set up",
    "accounts/github/*": "the same at GitHub",
    "accounts/oidc/*": "the same at the OpenID Connect server that is set up",
    "accounts/3rdparty/login/cancelled/": "a notice",
    "accounts/3rdparty/login/error/": "a notice",
    "accounts/3rdparty/signup/": "second step of a sign-up, bound to the session that began it",
    "accounts/social/*": "old addresses of allauth: redirects to accounts/3rdparty/",
    "language/": "the switch of languages, which visitors have too",
    "invitations/<str:link>/": "the link in the mail is the credential; accepting it needs a sign-in",
    "shared/<str:share_link>/": "a conversation that its owner shared; the link is the credential",
    "admin/logout/": "answers visitors with a redirect",
}
SIGN_IN_PAGES = ("/admin/login/",)  # which leads on to ours
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def public(address: Address) -> bool:
    return any(fnmatch(address.route, pattern) for pattern in PUBLIC)


def refuses(response: Any) -> bool:
    """401, or off to a sign-in page."""
    pages = (resolve_url(settings.LOGIN_URL), *SIGN_IN_PAGES)
    if response.status_code == 302:
        return str(response["Location"]).startswith(pages)
    return bool(response.status_code == 401)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "address", [found for found in addresses() if not public(found)], ids=lambda found: found.route
)
def test_it_asks_who_is_there(address: Address) -> None:
    answers = {method: Client().generic(method, address.path) for method in METHODS}
    refused = {method for method, answer in answers.items() if refuses(answer)}
    open_to_anyone = {
        method: answer.status_code
        for method, answer in answers.items()
        if method not in refused and answer.status_code != 405
    }
    assert not open_to_anyone, f"{address.route} answers strangers: guard it, or list it as public with the reason"
    assert refused, f"no method of {address.route} was even tried"


def test_the_list_of_public_addresses_has_no_stale_entry() -> None:
    routes = [address.route for address in addresses()]
    later = {"static/<path>"}  # only served with DEBUG
    stale = [
        pattern for pattern in PUBLIC if pattern not in later and not any(fnmatch(route, pattern) for route in routes)
    ]
    assert stale == []
