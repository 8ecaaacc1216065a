"""A request as one model can take it: pure."""

from typing import Any

import pytest

from agent_app.engine.fitting import fitted
from agent_app.engine.providers.errors import ProviderError
from agent_app.engine.tokens import FileData, estimate_request
from agent_app.model_references import LOCAL_CONTEXT, LOCAL_MODEL, ResolvedModel
from tests.agents.wire_world import provider_of, request, tool

LOCAL = ResolvedModel(LOCAL_MODEL)
CHAT = ResolvedModel("m", provider_of("http://127.0.0.1:9/v1"))
CLAUDE = ResolvedModel("claude-x", provider_of("http://127.0.0.1:9", "anthropic"))
DOCUMENT = {
    "type": "input_file",
    "filename": "plan.pdf",
    "file_data": FileData("data:application/pdf;base64,QQ==", 3000),
}
PICTURE = {"type": "input_image", "image_url": "data:image/png;base64,QQ==", "detail": "auto"}


def said(role: str, text: str) -> dict[str, Any]:
    return {"role": role, "content": text}


def test_a_local_model_that_stands_in_gets_the_newest_that_fits_its_window() -> None:
    items = [
        said("user", "old " * 3000), said("assistant", "older answer"), said("user", "first"), said("assistant", "second"),
        {"type": "function_call", "call_id": "1", "name": "f", "arguments": "{}"}, said("user", "third"),
    ]  # fmt: skip
    given = fitted(request(items), LOCAL, stands_in=True)
    assert [item.get("content") for item in given.items] == ["first", "second", "third"]
    assert given.prompt_tokens < LOCAL_CONTEXT
    assert fitted(request(items), CHAT, stands_in=True).items == items
    assert fitted(request(items), LOCAL, stands_in=False).items == items, "its own agent's history was trimmed before"


def test_the_last_message_is_sent_whatever_its_length() -> None:
    given = fitted(request([said("user", "a"), said("user", "b" * 99_999)]), LOCAL, stands_in=True)
    assert len(given.items) == 1


def test_a_local_model_does_not_stand_in_where_tools_are_called() -> None:
    with pytest.raises(ProviderError, match="cannot call tools"):
        fitted(request(tools=[tool()]), LOCAL, stands_in=True)


def test_files_that_a_model_cannot_read_are_named_instead() -> None:
    items = [{"role": "user", "content": [{"type": "input_text", "text": "Look"}, DOCUMENT, PICTURE]}]
    asked = request(items)
    assert fitted(asked, CLAUDE, stands_in=False) is asked, "it reads both"
    (for_chat,) = fitted(asked, CHAT, stands_in=False).items
    assert for_chat["content"][1]["text"] == "[The file “plan.pdf” was attached here. You cannot read it.]"
    assert for_chat["content"][2] == PICTURE
    (for_local,) = fitted(asked, LOCAL, stands_in=True).items
    assert [part["type"] for part in for_local["content"]] == ["input_text"] * 3
    assert asked.items[0]["content"][1] is DOCUMENT, "the request itself is as it was"


def test_documents_weigh_what_their_pages_do() -> None:
    known = estimate_request("", [{"role": "user", "content": [DOCUMENT]}], [], [], None)
    assert 3000 < known < 3100
    unknown = {**DOCUMENT, "file_data": "data:application/pdf;base64," + "A" * 30_000}
    assert 10_000 < estimate_request("", [{"role": "user", "content": [unknown]}], [], [], None) < 11_000
