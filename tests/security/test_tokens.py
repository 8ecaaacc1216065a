"""Forged, borrowed and outlived tokens open nothing."""

import base64
import json
import time
from typing import Any
from uuid import uuid4

import jwt
import pytest
from django.conf import settings

from community.models import User
from community.services import sessions
from community.tokens import AccessToken, MfaToken, RefreshToken
from tests.cast import Api, Cast

KEY = str(settings.SIMPLE_JWT["SIGNING_KEY"])


def claims(user: User, **changes: Any) -> dict[str, Any]:
    now = int(time.time())
    every = {
        "typ": "access", "sub": str(user.id), "ver": user.credential_stamp, "jti": uuid4().hex, "iss": "troupe",
        "iat": now, "exp": now + 600,
    }  # fmt: skip
    return {name: value for name, value in (every | changes).items() if value is not None}


def signed(content: dict[str, Any], key: str = KEY, algorithm: str = "HS256", **header: Any) -> str:
    return jwt.encode(content, key, algorithm=algorithm, headers=header or None)


def unsigned(content: dict[str, Any], algorithm: str) -> str:
    def part(data: dict[str, Any]) -> str:
        return base64.urlsafe_b64encode(json.dumps(data).encode()).rstrip(b"=").decode()

    return f"{part({'alg': algorithm, 'typ': 'JWT'})}.{part(content)}."


def status_with(token: str) -> int:
    status: int = Api().get("users/me/", headers={"Authorization": f"Bearer {token}"}).status_code
    return status


def test_the_token_these_tests_bend_is_accepted_unbent(cast: Cast) -> None:
    assert status_with(signed(claims(cast.alice.user))) == 200


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "nOnE", ""])
def test_an_unsigned_token_is_refused(cast: Cast, algorithm: str) -> None:
    assert status_with(unsigned(claims(cast.alice.user), algorithm)) == 401


@pytest.mark.parametrize(
    ("key", "algorithm"),
    [("x" * 64, "HS256"), (settings.SECRET_KEY.ljust(32, "x"), "HS256"), (KEY, "HS512"), (KEY, "HS384")],
)
def test_another_key_or_algorithm_is_refused(cast: Cast, key: str, algorithm: str) -> None:
    assert status_with(signed(claims(cast.alice.user), key, algorithm)) == 401


@pytest.mark.parametrize(
    "header", [{"kid": "../../dev/null"}, {"jwk": {"kty": "oct", "k": "AAAA"}}, {"jku": "https://evil.example"}]
)
def test_a_header_cannot_choose_the_key(cast: Cast, header: dict[str, Any]) -> None:
    assert status_with(signed(claims(cast.alice.user), "x" * 64, **header)) == 401


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": int(time.time()) - 1},
        {"exp": None},
        {"typ": None},
        {"typ": "refresh"},
        {"typ": "mfa"},
        {"sub": None},
        {"sub": "1 OR 1=1"},
        {"ver": None},
        {"ver": ""},
        {"iss": "somebody-else"},
        {"jti": None},
        {"nbf": int(time.time()) + 86_400},  # counted from the collection, which may be long ago
    ],
)
def test_a_claim_that_is_wrong_or_missing_is_refused(cast: Cast, changes: dict[str, Any]) -> None:
    assert status_with(signed(claims(cast.alice.user, **changes))) == 401


def test_a_token_of_one_person_does_not_become_anothers(cast: Cast) -> None:
    assert status_with(signed(claims(cast.alice.user, sub=str(cast.dave.user.id)))) == 401
    assert status_with(signed(claims(cast.alice.user, sub=str(uuid4())))) == 401


@pytest.mark.parametrize("part", [0, 1, 2])
def test_a_changed_token_is_refused(cast: Cast, part: int) -> None:
    parts = str(AccessToken.issue(cast.alice.user)).split(".")
    parts[part] = ("A" if parts[part][0] != "A" else "B") + parts[part][1:]
    assert status_with(".".join(parts)) == 401


@pytest.mark.parametrize("token", ["", ".", "..", "a.b.c", "x" * 20_000, "null", "%00", "é"])
def test_garbage_is_refused(db: None, token: str) -> None:
    assert status_with(token) == 401


def test_a_refresh_token_is_no_access_token_and_the_other_way_round(cast: Cast) -> None:
    tokens = sessions._sign_in(cast.alice.user, method="test")
    assert status_with(tokens.refresh) == 401
    assert status_with(str(MfaToken.issue(cast.alice.user))) == 401
    for other in (tokens.access, str(MfaToken.issue(cast.alice.user))):
        assert Api().post("auth/refresh-token/", {"refresh": other}).status_code == 401
        assert Api().post("auth/logout/", {"refresh": other}).status_code == 401
    for other in (tokens.access, tokens.refresh):
        assert Api().post("auth/mfa/", {"mfa_token": other, "code": "123456"}).status_code == 401


def test_a_refresh_token_of_a_family_that_is_not_the_persons_is_refused(cast: Cast) -> None:
    daves = RefreshToken.read(sessions._sign_in(cast.dave.user, method="test").refresh)
    forged = RefreshToken.issue(cast.alice.user, fam=str(daves.family_id), jti=str(daves.id))
    assert Api().post("auth/refresh-token/", {"refresh": str(forged)}).status_code == 401
    for family in ("", "nonsense", str(uuid4())):
        forged = RefreshToken.issue(cast.alice.user, fam=family)
        assert Api().post("auth/refresh-token/", {"refresh": str(forged)}).status_code == 401


def test_a_new_password_and_a_deactivation_end_access_tokens_at_once(cast: Cast) -> None:
    alice, bob = cast.alice.user, cast.bob.user
    tokens = [str(AccessToken.issue(user)) for user in (alice, bob)]
    assert [status_with(token) for token in tokens] == [200, 200]
    alice.set_password("something else entirely")
    alice.save()
    bob.is_active = False
    bob.save()
    assert [status_with(token) for token in tokens] == [401, 401]


def test_every_refusal_looks_the_same(cast: Cast) -> None:
    answers = []
    for token in ("nonsense", signed(claims(cast.alice.user, exp=1)), signed(claims(cast.alice.user), "x" * 64)):
        response = Api().get("users/me/", headers={"Authorization": f"Bearer {token}", "X-Request-ID": "same"})
        answers.append((response.content, response["WWW-Authenticate"]))
    assert len(set(answers)) == 1


def test_tokens_carry_no_more_than_they_need(cast: Cast) -> None:
    content = jwt.decode(str(AccessToken.issue(cast.alice.user)), options={"verify_signature": False})
    assert set(content) == {"typ", "sub", "ver", "jti", "iat", "exp", "iss"}
    assert cast.alice.user.email not in str(content)
    assert 0 < content["exp"] - content["iat"] <= 15 * 60
