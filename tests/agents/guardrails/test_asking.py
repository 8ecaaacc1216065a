"""Guardrails that ask somebody outside: a moderation endpoint, an endpoint of the builder's."""

import asyncio
import hashlib
import hmac
import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from aiohttp import web
from django.conf import LazySettings

from agent_app.guardrails.endpoint import judged
from agent_app.guardrails.registry import CheckFailed
from agent_app.models import Agent, Credential, Guardrail
from community.models import AuditEntry
from tests.agents.world import make_agent, make_provider
from tests.cast import Cast
from tests.fakes.openai_wire import FakeOpenAI
from tests.fakes.script import Script
from tests.fakes.site import Site

pytestmark = pytest.mark.django_db(transaction=True)

SECRET = "an-unusual-word-for-signing"  # pragma: allowlist secret


@pytest.fixture
def site(settings: LazySettings) -> Iterator[Site]:
    settings.OUTBOUND_ALLOWED_HOSTS = ["127.0.0.1"]
    with Site() as server:
        yield server


def hook(site: Site, **config: Any) -> dict[str, Any]:
    path = config.pop("path", "/check")
    return {
        "name": "Ours", "type": "input", "implementation": "endpoint",
        "config": {"endpoint": f"http://127.0.0.1:{site.port}{path}", **config},
    }  # fmt: skip


def tried(cast: Cast, agent: Agent, text: str = "Hello") -> dict[str, Any]:
    answer = cast.bob.api.post(f"agents/{agent.id}/guardrails/test/", {"text": text})
    assert answer.status_code == 200, answer.content
    found: dict[str, Any] = answer.json()
    return found


def test_an_endpoint_is_asked_with_a_signature_and_its_secret_is_never_shown(cast: Cast, site: Site) -> None:
    site.answers(
        "/check", {"tripwire_triggered": True, "output_info": {"score": 3}, "override_message": "Say it kindly."}
    )
    agent = make_agent(cast.alice)
    made = cast.bob.api.post(f"agents/{agent.id}/guardrails/", hook(site, secret=SECRET) | {"action": "replace"})
    assert made.status_code == 201, made.content
    assert made.json()["config"]["secret"] == {"set": True, "hint": "…ning"}
    found = tried(cast, agent)
    assert (found["blocked"], found["text"], found["results"][0]["info"]) == (False, "Say it kindly.", {"score": 3})
    headers, body = site.last.headers, site.last.body
    wanted = hmac.new(SECRET.encode(), f"{headers['x-troupe-timestamp']}.".encode() + body, hashlib.sha256).hexdigest()
    assert headers["x-troupe-signature"] == f"v1={wanted}"
    assert json.loads(body) == {
        "guardrail": "Ours",
        "stage": "input",
        "text": "Hello",
        "run_id": None,
        "agent_id": str(agent.id),
    }
    path = f"agents/{agent.id}/guardrails/{made.json()['id']}/"
    kept = cast.bob.api.put(path, hook(site, secret={"set": True}))
    assert kept.json()["config"]["secret"]["set"] is True
    everything = [
        cast.alice.api.get(f"agents/{agent.id}/{each}").content.decode() for each in ("", "export/", "guardrails/")
    ]
    everything += [
        str(list(Guardrail.objects.values())),
        str(list(Credential.objects.values())),
        str(list(AuditEntry.objects.values())),
    ]
    assert SECRET not in "".join(everything)
    moved = cast.bob.api.patch(path, {"config": hook(site, path="/elsewhere")["config"]}).json()
    assert "secret" not in moved["config"], "a secret stays with the address that it was entered for"


@pytest.mark.parametrize(
    "body",
    ['{"tripwire_triggered": "no"}', "[]", "fine", '{"ok": true}', '{"tripwire_triggered": false, "override_message": 1}', b"x" * 400_000],
    ids=["text", "list", "words", "other", "message", "long"],
)  # fmt: skip
def test_an_endpoint_that_gives_no_verdict_lets_nothing_through(cast: Cast, site: Site, body: Any) -> None:
    site.answers("/check", body)
    agent = make_agent(cast.alice)
    cast.bob.api.patch(f"agents/{agent.id}/", {"guardrails": [hook(site)]})
    assert (tried(cast, agent)["blocked"], tried(cast, agent)["results"][0]["failed"]) == (True, True)
    cast.bob.api.patch(f"agents/{agent.id}/", {"guardrails": [hook(site, on_error="pass")]})
    found = tried(cast, agent)
    assert (found["blocked"], found["results"][0]["failed"], found["results"][0]["tripped"]) == (False, True, False)


def test_a_limit_of_ours_lets_nothing_through_that_was_not_checked(cast: Cast, site: Site) -> None:
    """Whoever makes an agent call its tools often enough would have had the last calls unchecked."""
    site.answers("/check", {"tripwire_triggered": False})
    agent = make_agent(cast.alice)
    hooks = [hook(site, on_error="pass") | {"name": f"Ours {n}"} for n in range(11)]
    assert cast.bob.api.patch(f"agents/{agent.id}/", {"guardrails": hooks}).status_code == 200
    found = tried(cast, agent)
    assert [each["failed"] for each in found["results"]] == [False] * 10 + [True]
    assert (found["blocked"], len(site.seen)) == (True, 10)


def test_an_endpoint_that_stalls_or_leads_elsewhere_lets_nothing_through(cast: Cast, site: Site) -> None:
    async def stall(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await asyncio.sleep(30)  # the caller goes away long before
        return response

    site.on("/stall", stall)
    site.leads("/away", "http://169.254.169.254/latest/")
    agent = make_agent(cast.alice)
    for path in ("/stall", "/away", "/missing"):
        cast.bob.api.patch(f"agents/{agent.id}/", {"guardrails": [hook(site, path=path, timeout_s=1)]})
        found = tried(cast, agent)
        assert (found["blocked"], found["results"][0]["failed"]) == (True, True), path


@pytest.mark.parametrize(
    "address",
    [
        "http://169.254.169.254/",
        "http://localhost/",
        "http://10.0.0.1/",
        "ftp://example.org/",
        "http://[::1]/",
        "https://a:b@example.org/",
    ],
)
def test_an_address_that_may_not_be_reached_is_refused_when_it_is_saved(cast: Cast, address: str) -> None:
    agent = make_agent(cast.alice)
    body = {"name": "Ours", "type": "input", "implementation": "endpoint", "config": {"endpoint": address}}
    assert cast.bob.api.post(f"agents/{agent.id}/guardrails/", body).status_code == 400


def test_what_is_a_verdict() -> None:
    assert judged(b'{"tripwire_triggered": false}').tripped is False
    with pytest.raises(CheckFailed):
        judged({"tripwire_triggered": 1})


def test_a_moderation_endpoint_is_asked_with_the_workspaces_provider(cast: Cast) -> None:
    agent = make_agent(cast.alice)
    with FakeOpenAI() as server:
        provider = make_provider(cast.alice, server.base_url)
        guardrail = {
            "name": "Mod",
            "type": "output",
            "implementation": "moderation",
            "config": {"provider_id": str(provider.id)},
        }
        cast.bob.api.patch(f"agents/{agent.id}/", {"guardrails": [guardrail]})
        found = tried(cast, agent, "darn you")
        assert (found["blocked"], found["results"][0]["info"]["categories"]) == (True, ["harassment"])
        assert tried(cast, agent, "thank you")["blocked"] is False
        assert server.exchanges[0].body == {"input": "darn you", "model": "omni-moderation-latest"}
        only = guardrail | {"config": guardrail["config"] | {"categories": ["violence"]}}  # type: ignore[operator]
        cast.bob.api.patch(f"agents/{agent.id}/", {"guardrails": [only]})
        assert tried(cast, agent, "darn you")["blocked"] is False
        for script in (Script(status=500), Script(deltas=("{}",)), Script(deltas=("no",))):
            server.queue(script)
            assert tried(cast, agent, "thank you")["results"][0]["failed"] is True


def test_a_moderation_needs_a_provider_of_the_workspace(cast: Cast) -> None:
    agent, stranger = make_agent(cast.alice), make_provider(cast.dave)
    for each in (str(stranger.id), str(uuid4()), "x"):
        body = {"name": "Mod", "type": "output", "implementation": "moderation", "config": {"provider_id": each}}
        assert cast.bob.api.post(f"agents/{agent.id}/guardrails/", body).status_code == 400
    cast.bob.api.post(
        f"agents/{agent.id}/guardrails/", {"name": "Mod", "type": "output", "implementation": "moderation"}
    )
    assert tried(cast, agent)["results"][0]["failed"] is True, "there is no key"


def code(source: str, **more: Any) -> dict[str, Any]:
    return {"name": "Own", "type": "output", "implementation": "function", "config": {"code": source, **more}}


OWN = """
def check(text: str) -> dict:
    bad = "darn" in text.lower()
    return {"tripwire_triggered": bad, "output_info": {"length": len(text)}, "override_message": text.replace("darn", "dear")}
"""


def test_code_decides_in_the_sandbox(cast: Cast) -> None:
    agent = make_agent(cast.alice)
    cast.bob.api.patch(f"agents/{agent.id}/", {"guardrails": [code(OWN) | {"action": "replace"}]})
    found = tried(cast, agent, "oh darn")
    assert (found["blocked"], found["text"], found["results"][0]["info"]) == (False, "oh dear", {"length": 7})
    assert tried(cast, agent, "oh well")["results"][0]["tripped"] is False


@pytest.mark.parametrize(
    "source",
    [
        "def check(text):\n    while True:\n        pass", "def check(text):\n    return 1 / 0", "def check(text):\n    return 'yes'",
        "def check(text):\n    return open('/etc/passwd').read()",
    ],
    ids=["loops", "breaks", "no verdict", "reads a file"],
)  # fmt: skip
def test_code_that_gives_no_verdict_lets_nothing_through(cast: Cast, source: str) -> None:
    agent = make_agent(cast.alice)
    saved = cast.bob.api.patch(f"agents/{agent.id}/", {"guardrails": [code(source)]})
    if saved.status_code == 400:  # refused when it is saved is as good
        return
    found = tried(cast, agent)
    assert (found["blocked"], found["results"][0]["failed"]) == (True, True)


@pytest.mark.parametrize(
    "source", ["x = 1", "def check():\n    return True", "def check(a, b):\n    return True", "def check(text"]
)
def test_code_that_could_not_check_is_refused_when_it_is_saved(cast: Cast, source: str) -> None:
    agent = make_agent(cast.alice)
    assert cast.bob.api.patch(f"agents/{agent.id}/", {"guardrails": [code(source)]}).status_code == 400
