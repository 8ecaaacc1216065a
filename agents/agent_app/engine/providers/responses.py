"""OpenAI's Responses API over server-sent events."""

from dataclasses import replace
from typing import Any, cast

from agents.items import TResponseOutputItem
from agents.models.openai_responses import OpenAIResponsesModel
from django.utils.translation import gettext as _
from openai import AsyncOpenAI, Omit
from openai._models import construct_type
from openai.types.responses import ResponseOutputItem

from agent_app.engine import hosted_items
from agent_app.engine.providers import errors, protocol
from agent_app.engine.providers.endpoint import Endpoint
from agent_app.engine.providers.protocol import Answer, Protocol
from agent_app.engine.providers.request import Request
from agent_app.engine.recorded_models import this_call
from agent_app.engine.sink import Sink
from agent_app.runs.registry import Usage

_NOT_IN_THE_BODY = ("extra_headers", "extra_query", "extra_body")
_STATUS = {"rate_limit_exceeded": 429, "server_error": 500, "insufficient_quota": 429, "model_not_found": 404}


class Responses(Protocol):
    path = "/responses"

    def headers(self, endpoint: Endpoint) -> dict[str, str]:
        headers = super().headers(endpoint)
        if endpoint.organization_id:
            headers["OpenAI-Organization"] = endpoint.organization_id
        return headers

    def body(self, endpoint: Endpoint, request: Request) -> dict[str, Any]:
        """Built by the SDK's own model, which is given no client and so can send nothing."""
        stock = OpenAIResponsesModel(endpoint.model, cast(AsyncOpenAI, None))
        extra = dict(request.settings.extra_args or {})
        for name in ("max_tokens", "max_completion_tokens"):  # a limit that a builder set in another API's words
            if name in extra:
                extra.setdefault("max_output_tokens", extra.pop(name))
        values = stock._build_response_create_kwargs(
            request.instructions, request.input, replace(request.settings, extra_args=None), request.tools,
            request.output_schema, request.handoffs, stream=True,
        )  # fmt: skip
        body = {
            key: value
            for key, value in values.items()
            if key not in _NOT_IN_THE_BODY and value is not None and not isinstance(value, Omit)
        }
        if isinstance(reasoning := body.get("reasoning"), object) and hasattr(reasoning, "model_dump"):
            body["reasoning"] = reasoning.model_dump(exclude_none=True)
        asked = [
            hosted_items.INCLUDED[each] for each in hosted_items.named(request.tools) if each in hosted_items.INCLUDED
        ]
        if asked:
            body["include"] = [*(body.get("include") or ()), *asked]
        for name in ("include", "tools"):
            if not body.get(name):
                body.pop(name, None)
        return {**body, **endpoint.extra, **extra}

    def answer(self, endpoint: Endpoint, request: Request, sink: Sink) -> "ResponsesAnswer":
        return ResponsesAnswer(endpoint, request, sink)


class ResponsesAnswer(Answer):
    """The events of one response."""

    def __init__(self, endpoint: Endpoint, request: Request, sink: Sink) -> None:
        super().__init__(endpoint, sink)
        self._request = request
        self._items: list[dict[str, Any]] = []  # as they were done, for servers whose last event does not repeat them
        self._response: dict[str, Any] | None = None
        self._why_incomplete = ""

    def take(self, event: dict[str, Any]) -> None:
        kind = event["type"]
        if kind == "response.output_text.delta":
            self.say(event["delta"])
        elif kind in ("response.reasoning_summary_text.delta", "response.reasoning_text.delta"):
            self.think(event["delta"])
        elif kind == "response.reasoning_summary_part.added" and self.reasoning:
            self.think("\n\n")
        elif kind in ("response.function_call_arguments.delta", "response.refusal.delta"):
            self.grow(event["delta"])
        elif kind == "response.output_item.added":
            this_call().takes(event["item"], self.endpoint)
        elif kind == "response.output_item.done":
            this_call().takes(event["item"], self.endpoint)
            self._items.append(event["item"])
        elif kind == "response.created":
            self.id = str(event["response"].get("id") or "")
        elif kind == "response.completed":
            self._end(event["response"])
        elif kind == "response.incomplete":
            self._why_incomplete = (event["response"].get("incomplete_details") or {}).get("reason") or "unknown"
            self._end(event["response"])
        elif kind == "response.failed":
            self._response = event["response"]
            raise self._failure(event["response"].get("error") or {})
        elif kind in ("error", "response.error"):
            raise self._failure(event.get("error") or event)

    def _end(self, response: dict[str, Any]) -> None:
        self.id = str(response.get("id") or self.id)
        self._response = response
        self.done = True

    def _failure(self, error: dict[str, Any]) -> errors.ProviderError:
        code = error.get("code")
        status = _STATUS.get(code) if isinstance(code, str) else None
        return errors.broke_off(self.endpoint, {"error": error}, status)

    @property
    def whole(self) -> bool:
        return self.done and self._response is not None

    @property
    def truncated(self) -> bool:
        return self._why_incomplete not in ("", "content_filter")

    def output(self) -> list[TResponseOutputItem]:
        items = (self._response or {}).get("output") or self._items
        seen = protocol.known_call_ids(self._request)
        output: list[TResponseOutputItem] = []
        for item in items:
            if item.get("type") == "function_call":
                if not item.get("call_id") or item["call_id"] in seen:
                    item = {**item, "call_id": protocol.new_call_id()}
                seen.add(item["call_id"])
                if self.truncated and not protocol.is_object(item.get("arguments") or ""):
                    continue  # cut in the middle of its arguments: nothing that could be called
            item = hosted_items.without_picture(item)
            output.append(cast(TResponseOutputItem, construct_type(type_=ResponseOutputItem, value=item)))
        if self._why_incomplete == "content_filter" and not self.text:
            output += protocol.message("", _("The provider's content filter stopped this answer."))
        return output

    def said_usage(self) -> Usage | None:
        said = (self._response or {}).get("usage")
        if not isinstance(said, dict):
            return None
        prompt, completion = said.get("input_tokens_details") or {}, said.get("output_tokens_details") or {}
        return Usage(
            prompt_tokens=int(said.get("input_tokens") or 0),
            completion_tokens=int(said.get("output_tokens") or 0),
            cached_tokens=int(prompt.get("cached_tokens") or 0),
            cache_write_tokens=int(prompt.get("cache_write_tokens") or 0),
            reasoning_tokens=int(completion.get("reasoning_tokens") or 0),
        )
