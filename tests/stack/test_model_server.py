"""The local language model speaks the protocol that the providers speak."""

import json
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from deploy.stack import embedded
from deploy.stack.model import CONTEXT, MODEL_ID

# A proxy of the environment is not for this machine.
LOCAL = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@pytest.fixture(scope="module")
def base_url() -> Iterator[str]:
    with embedded.model_server() as url:
        yield url


def post(url: str, body: dict[str, Any]) -> bytes:
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)  # noqa: S310
    with LOCAL.open(request, timeout=60) as answer:
        return bytes(answer.read())


def test_it_serves_one_model_under_its_name(base_url: str) -> None:
    with LOCAL.open(f"{base_url}/models", timeout=60) as answer:
        listed = json.load(answer)["data"]
    assert [model["id"] for model in listed] == [MODEL_ID]
    assert listed[0]["meta"]["n_ctx"] >= CONTEXT


def test_it_streams_an_answer_with_usage(base_url: str) -> None:
    messages = [{"role": "user", "content": "Say hello."}]
    options = {"stream": True, "stream_options": {"include_usage": True}, "max_tokens": 8, "temperature": 0}
    wire = post(f"{base_url}/chat/completions", {"model": MODEL_ID, "messages": messages, **options}).decode()
    events = [line.removeprefix("data: ") for line in wire.splitlines() if line.startswith("data: ")]
    assert events[-1] == "[DONE]"
    chunks = [json.loads(event) for event in events[:-1]]
    deltas = [choice["delta"].get("content") for chunk in chunks for choice in chunk["choices"]]
    assert len([text for text in deltas if text]) > 1
    assert chunks[-1]["usage"]["completion_tokens"] == 8


def test_it_fills_a_json_schema(base_url: str) -> None:
    schema = {
        "type": "object",
        "properties": {"colour": {"enum": ["red", "blue"]}},
        "required": ["colour"],
        "additionalProperties": False,
    }
    response_format = {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema, "strict": True}}
    messages = [{"role": "user", "content": "Which colour is the sky?"}]
    body = {"model": MODEL_ID, "messages": messages, "response_format": response_format, "max_tokens": 32}
    answer = json.loads(post(f"{base_url}/chat/completions", body))
    assert json.loads(answer["choices"][0]["message"]["content"])["colour"] in {"red", "blue"}
