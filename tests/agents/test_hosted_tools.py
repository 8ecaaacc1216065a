"""Tools that the model's provider runs itself: when, what is asked, and that their calls are limited, paid and recorded as ours are."""

import base64
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import orjson
import pytest
from django.conf import LazySettings

from agent_app import hosted
from agent_app.engine.fitting import fitted
from agent_app.engine.hosted import sdk_tool
from agent_app.model_references import ResolvedModel
from agent_app.models import CatalogueModel, ProviderModel, Run, ToolCall
from agent_app.tools.registry import ToolDefinition
from billing.models import CreditAccount, Hold, Rate
from community.models import StoredFile
from tests.agents.team_world import told
from tests.agents.wire_world import provider_of, request
from tests.agents.world import execute, followed, make_agent, make_provider, start
from tests.cast import Cast
from tests.fakes.openai_wire import FakeOpenAI
from tests.fakes.script import Script
from tests.fakes.script import ToolCall as Asked

OPENAI = "https://api.openai.com/v1"
ABLE = CatalogueModel(provider="openai", model_id="g", capabilities={"hosted_tools": True})
MODEL = ResolvedModel("g", provider_of(OPENAI, "openai"), entry=ABLE)
SEARCH = {"name": "web", "type": "web_search", "params": {}}
PICTURE = b"\xff\xd8\xff\xe0" + b"picture" * 40


def item(kind: str, name: str = "1", status: str = "completed", **fields: Any) -> str:
    return orjson.dumps({"id": f"{kind}_{name}", "type": f"{kind}_call", "status": status, **fields}).decode()


def searched(query: str, name: str = "1", status: str = "completed") -> str:
    action = {"type": "search", "query": query, "sources": [{"type": "url", "url": "https://example.com/a"}]}
    return item("web_search", name, status, action=action)


def cited(file_id: str, name: str, container: str = "cntr_1") -> str:
    about = {"container_id": container, "file_id": file_id, "filename": name, "start_index": 0, "end_index": 1}
    return orjson.dumps({"type": "container_file_citation", **about}).decode()


# When


def test_only_openais_own_models_that_are_known_to_can_run_tools() -> None:
    assert hosted.can_host(MODEL)
    for other in (
        ResolvedModel("g", provider_of(OPENAI, "openai")),  # nobody knows
        ResolvedModel("g", provider_of(OPENAI, "openai", additional_config={"api": "chat_completions"}), entry=ABLE),
        ResolvedModel("g", provider_of("https://gateway.example/v1", "openai"), entry=ABLE),
        ResolvedModel("g", provider_of(OPENAI, "custom"), entry=ABLE),
    ):
        assert not hosted.can_host(other)


@pytest.mark.parametrize(
    ("tool", "words"),
    [
        ({"approval": "always"}, "needs an approval"),
        ({"approval": {"when": "true"}}, "needs an approval"),
        ({"params": {"hosted": "never"}}, "set to be ours"),
        ({"params": {"blocked_domains": ["a.example"]}}, "has no blocked_domains"),
        ({"type": "code_interpreter", "params": {"packages": ["numpy"]}}, "has no packages"),
        ({"type": "image", "params": {"model": "stability/core"}}, "not one of OpenAI's"),
        ({"type": "file_search", "params": {}}, "vector stores"),
        ({"type": "http"}, "set to be ours"),
    ],
)
def test_what_a_provider_cannot_see_to_is_ours(tool: dict[str, Any], words: str) -> None:
    assert words in hosted.reason({**SEARCH, **tool}, [MODEL])


def test_a_tool_that_a_guardrail_checks_is_ours() -> None:
    for about in ({}, {"tools": ["web"]}):
        assert "A guardrail" in hosted.reason(SEARCH, [MODEL], [{"type": "tool_output", "config": about}])
    for other in ({"type": "output", "config": {}}, {"type": "tool_input", "config": {"tools": ["other"]}}):
        assert hosted.reason(SEARCH, [MODEL], [other]) == ""


def test_code_that_reads_the_agents_files_is_ours() -> None:
    code = {"name": "python", "type": "code_interpreter", "params": {}}
    assert hosted.hosted_tools({"tools": [code]}, [MODEL]) == [code]
    assert hosted.hosted_tools({"tools": [code]}, [MODEL], files=True) == []


def test_whoever_stands_in_must_have_it_too() -> None:
    other = ResolvedModel("m", provider_of("http://127.0.0.1:9/v1"))
    assert hosted.reason(SEARCH, [MODEL, other]) == "fake/m runs no tools itself."
    assert hosted.refusal(SEARCH, [other]) == "", "it is ours then"
    must = {**SEARCH, "params": {"hosted": "always"}}
    assert "“web” must be run by the provider" in hosted.refusal(must, [other])
    assert hosted.refusal(must, [MODEL]) == ""


def test_another_model_is_not_told_of_calls_that_it_could_not_have_made() -> None:
    items = [{"role": "user", "content": "Hello"}, orjson.loads(searched("a"))]
    assert fitted(request(items), MODEL, stands_in=False).items == items
    other = ResolvedModel("m", provider_of("http://127.0.0.1:9/v1"))
    assert fitted(request(items), other, stands_in=False).items == items[:1]


def test_vector_stores_are_searched_by_the_provider() -> None:
    params = {"vector_store_ids": ["vs_1"], "max_num_results": 3}
    made: Any = sdk_tool(ToolDefinition(id="1", name="f", type="file_search", params=params))
    assert (made.vector_store_ids, made.max_num_results, made.include_search_results) == (["vs_1"], 3, True)


@pytest.mark.django_db
def test_the_catalogue_says_which_models_can() -> None:
    able = set(CatalogueModel.objects.filter(capabilities__hosted_tools=True).values_list("provider", "model_id"))
    assert {("openai", "gpt-5.6-sol"), ("openai", "gpt-4o")} <= able
    assert not {("openai", "gpt-5.4-nano"), ("openai", "o1"), ("openai", "text-embedding-3-large")} & able
    assert {provider for provider, _model in able} == {"openai"}


# Runs


@pytest.fixture
def provider(cast: Cast, settings: LazySettings) -> Iterator[FakeOpenAI]:
    """OpenAI itself, for once on this machine."""
    with FakeOpenAI() as server:
        settings.PROVIDER_BASE_URLS = {"openai": server.base_url}
        settings.OUTBOUND_ALLOW_LOOPBACK_PROVIDERS = True
        made = make_provider(cast.alice, server.base_url, type="openai", name="open", model_ids=["g"])
        ProviderModel.objects.filter(provider=made).update(capabilities={"hosted_tools": True, "tools": True})
        yield server


def ran(cast: Cast, *tools: dict[str, Any], **fields: Any) -> Run:
    agent = make_agent(cast.alice, model="open/g", **fields)
    saved = cast.alice.api.patch(f"agents/{agent.id}/", {"tools": list(tools)})
    assert saved.status_code == 200, saved.content
    return execute(start(cast.alice, agent))


@pytest.mark.django_db(transaction=True)
class TestRuns:
    def test_calls_are_limited_paid_shown_and_kept(self, cast: Cast, provider: FakeOpenAI) -> None:
        Rate.objects.filter(reference="tool/web_search").update(per_call=Decimal(2))
        before = CreditAccount.objects.get(workspace_id=cast.alice.workspace_id).balance
        provider.queue(
            Script(
                hosted=(searched("weather"), searched("weather in Rome", "2"), searched("x", "3", "failed")),
                deltas=("Sunny.",),
            )
        )
        run = ran(cast, {**SEARCH, "params": {"domains": ["*.example.com"], "region": "it", "max_search_results": 2}})
        assert (run.status, run.output) == ("succeeded", "Sunny."), (run.reason, run.error)
        asked = provider.exchanges[0].body
        assert asked["tools"] == [
            {
                "type": "web_search", "filters": {"allowed_domains": ["example.com"]}, "search_context_size": "low",
                "user_location": {"type": "approximate", "country": "IT"},
            }
        ]  # fmt: skip
        assert asked["max_tool_calls"] == 2, "at two credits each, and five to spend"
        assert "web_search_call.action.sources" in asked["include"]
        rows = list(ToolCall.objects.filter(run=run).order_by("call_id"))
        assert [(row.tool_name, row.status, row.credits) for row in rows] == [
            ("web", "succeeded", Decimal(2)), ("web", "succeeded", Decimal(2)), ("web", "failed", Decimal(0)),
        ]  # fmt: skip
        assert rows[0].arguments == {"type": "search", "query": "weather"}
        assert orjson.loads(rows[0].result) == {"sources": ["https://example.com/a"]}
        assert rows[0].details["hosted"] is True
        seen = [event.payload() for event in followed(run) if event.type.startswith("tool_use")]
        assert [each["type"] for each in seen] == ["tool_use_start"] * 3 + ["tool_use_complete"] * 3
        assert [each["credits"] for each in seen[3:]] == ["2.0000", "2.0000", "0.0000"]
        assert [name for kind, name, _error in told(run) if kind == "tool"] == ["web"] * 3
        assert not Hold.objects.filter(run_id=run.id, state="open").exists()
        account = CreditAccount.objects.get(workspace_id=cast.alice.workspace_id)
        assert (before - account.balance, account.held) == (run.credits, Decimal(0))
        assert run.credits >= 4

    def test_no_more_are_allowed_than_can_be_paid(self, cast: Cast, provider: FakeOpenAI) -> None:
        Rate.objects.filter(reference="tool/web_search").update(per_call=Decimal(4))
        provider.queue(Script(deltas=("One at most.",)))
        run = ran(cast, SEARCH)
        assert run.status == "succeeded", run.error
        assert provider.exchanges[0].body["max_tool_calls"] == 1, "of ten credits, half of which are the answer's"
        Rate.objects.filter(reference="tool/web_search").update(per_call=Decimal(400))
        provider.queue(Script(deltas=("None.",)))
        assert ran(cast, SEARCH).status == "succeeded"
        assert "tools" not in provider.exchanges[1].body

    def test_code_and_pictures_come_back_as_ours_do(self, cast: Cast, provider: FakeOpenAI) -> None:
        code = item(
            "code_interpreter", code="print(6 * 7)", container_id="c", outputs=[{"type": "logs", "logs": "42\n"}]
        )
        picture = item("image_generation", result=base64.b64encode(PICTURE).decode(), revised_prompt="A cat")
        provider.queue(Script(hosted=(code, picture), deltas=("Here.",)))
        run = ran(
            cast, {"name": "python", "type": "code_interpreter", "params": {"hosted": "always"}},
            {"name": "paint", "type": "image", "params": {"model": "gpt-image-1", "hosted": "always"}},
        )  # fmt: skip
        assert run.status == "succeeded", (run.reason, run.error)
        body = provider.exchanges[0].body
        assert [tool["type"] for tool in body["tools"]] == ["code_interpreter", "image_generation"]
        sent = cast.alice.api.get(f"agents/{run.agent_id}/preview/").json()["tools"]
        assert [(tool["type"], tool["name"]) for tool in sent] == [("code_interpreter", "python"), ("image", "paint")]
        assert body["tools"][1]["model"] == "gpt-image-1"
        python, paint = ToolCall.objects.filter(run=run).order_by("call_id")
        assert (python.arguments, orjson.loads(python.result)) == ({"code": "print(6 * 7)"}, {"logs": "42\n"})
        kept = StoredFile.objects.get(id=orjson.loads(paint.result)["file"]["id"])
        assert (kept.workspace_id, kept.size, paint.arguments) == (run.workspace_id, len(PICTURE), {"prompt": "A cat"})
        assert paint.files == [{"id": str(kept.id), "name": "paint.jpg"}]

    def test_files_that_its_code_has_made_are_kept(
        self, cast: Cast, provider: FakeOpenAI, settings: LazySettings
    ) -> None:
        settings.FILE_MAX_BYTES = 1000
        provider.container_files = {"cfile_1": b"a,b\n1,2\n", "cfile_2": b"x" * 2000}
        made = item("code_interpreter", code="write()", container_id="cntr_1", outputs=[])
        cites = [
            cited("cfile_1", "a.csv"),
            cited("cfile_1", "a.csv"),
            cited("cfile_2", "b.bin"),
            cited("cfile_3", "c.txt"),
        ]
        cites += [cited("../../models", "evil"), cited("cfile_1", "a.csv", "cntr_1/../..")]
        provider.queue(Script(hosted=(made,), deltas=("See a.csv.",), cites=tuple(cites)))
        python = {"name": "python", "type": "code_interpreter", "params": {"hosted": "always"}}
        run = ran(cast, python)
        assert (run.status, run.output) == ("succeeded", "See a.csv."), (run.reason, run.error)
        call = ToolCall.objects.get(run=run)
        result = orjson.loads(call.result)
        [file] = result["files"]
        kept = StoredFile.objects.get(id=file["id"])
        assert (kept.workspace_id, kept.name, kept.size) == (run.workspace_id, "a.csv", 8)
        assert call.files == [{"id": str(kept.id), "name": "a.csv"}]
        too_large, gone = result["not_kept"]
        assert (too_large["name"], gone["name"]) == ("b.bin", "c.txt")
        assert "MB" in too_large["reason"] and "404" in gone["reason"]
        asked = [each for each in provider.exchanges if "containers" in each.path]
        assert [each.path.rpartition("/v1")[2] for each in asked] == [
            f"/containers/cntr_1/files/cfile_{number}/content" for number in (1, 2, 3)
        ]
        assert {each.key for each in asked} == {provider.exchanges[0].key}, "with the key that the answer was asked by"
        [told_of] = [each.payload() for each in followed(run) if each.type == "tool_use_complete"]
        assert told_of["result"] == result

    def test_a_file_that_a_later_answer_names_stands_with_the_call_that_made_it(
        self, cast: Cast, provider: FakeOpenAI
    ) -> None:
        provider.container_files = {"cfile_1": b"done"}
        made = item("code_interpreter", code="write()", container_id="cntr_1", outputs=[])
        provider.queue(
            Script(hosted=(made,), tool_calls=(Asked("say", '{"input": "x"}'),)), Script(deltas=("Thought.",)),
            Script(deltas=("Here.",), cites=(cited("cfile_1", "a.txt"),)),
        )  # fmt: skip
        run = ran(
            cast, {"name": "python", "type": "code_interpreter", "params": {"hosted": "always"}},
            {"name": "say", "type": "llm", "params": {"prompt": "Say {{ input }}.", "model": "open/g"}},
        )  # fmt: skip
        assert (run.status, run.output) == ("succeeded", "Here."), (run.reason, run.error)
        call = ToolCall.objects.get(run=run, tool_type="code_interpreter")
        assert [each["name"] for each in call.files] == ["a.txt"]
        said = [each.payload() for each in followed(run) if each.type == "tool_use_complete"]
        last = [each for each in said if each["call_id"] == call.call_id][-1]
        assert last["result"]["files"][0]["id"] == call.files[0]["id"], "who watches sees it too"

    def test_what_must_be_hosted_and_cannot_be_is_refused_before_it_runs(self, cast: Cast) -> None:
        make_provider(cast.alice)
        agent = make_agent(cast.alice, model="fake/m")
        must = {**SEARCH, "params": {"hosted": "always"}}
        saved = cast.alice.api.patch(f"agents/{agent.id}/", {"tools": [must]})
        assert saved.status_code == 200
        assert "hosted_tools" in [each["code"] for each in saved.json()["warnings"]]
        refused = cast.alice.api.post(f"agents/{agent.id}/run/", {"message": "Hello"})
        assert (refused.status_code, refused.json()["code"]) == (422, "capability")
        assert "“web” must be run by the provider" in refused.json()["detail"]
        contradicting = {**must, "params": {"hosted": "always", "time_range": "day"}}
        assert cast.alice.api.post("tools/", contradicting).status_code == 400
        library = cast.alice.api.post("tools/", must)
        tried = cast.alice.api.post(f"tools/{library.json()['id']}/test/", {"arguments": {"query": "x"}})
        assert (tried.status_code, tried.json()["code"]) == (422, "tool_hosted")
