"""Spans to OpenAI's tracing, for workspaces that keep a key for it: theirs decides, and without one nothing leaves.

The address is OpenAI's own, or the operator's gateway for it. What was said goes along as in a span's row: without keys, cut
where it is long.
"""

import logging
import urllib.request
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import orjson

from agent_app import provider_types
from agent_app.models import KeyPurpose, KeyScope, ProviderKey, Run
from agent_app.models.keys import TRACING_TYPE
from agent_app.runs.spans import Recorded, body
from config.lib.secrets import DecryptionError

logger = logging.getLogger(__name__)

TIMEOUT = 10.0
_MOST = 100  # spans in one request
_PATH = "/traces/ingest"


def keys() -> dict[UUID, ProviderKey]:
    """Each workspace's first key for tracing: only these want their spans there."""
    found = ProviderKey.objects.filter(
        purpose=KeyPurpose.TRACING, scope=KeyScope.WORKSPACE, type=TRACING_TYPE, provider=None, enabled=True
    )
    return {key.workspace_id: key for key in found.order_by("-position", "-id")}


def export(run: Run, spans: list[Recorded], key: ProviderKey) -> tuple[int, int]:
    """Send spans of a run; answers how many arrived, and how many did not. Costs the run nothing, whatever is answered."""
    arrived = 0
    for start in range(0, len(spans), _MOST):
        part = spans[start : start + _MOST]
        if _sent(key, [_trace(run, part), *(_span(run, each) for each in part)]):
            arrived += len(part)
    return arrived, len(spans) - arrived


def _sent(key: ProviderKey, items: list[dict[str, Any]]) -> bool:
    request = urllib.request.Request(  # noqa: S310  the address is the operator's
        f"{provider_types.default_base_url(TRACING_TYPE).rstrip('/')}{_PATH}", data=orjson.dumps({"data": items}), method="POST",
    )  # fmt: skip
    try:
        request.add_header("Authorization", f"Bearer {key.key}")
        request.add_header("Content-Type", "application/json")
        request.add_header("OpenAI-Beta", "traces=v1")
        with urllib.request.urlopen(request, timeout=TIMEOUT):  # noqa: S310
            return True
    except (OSError, ValueError, DecryptionError) as error:  # whatever is answered, runs go on
        logger.warning("OpenAI's tracing did not take spans", extra={"error": type(error).__name__})
        return False


# As the SDK's own exporter writes them


def _trace(run: Run, spans: list[Recorded]) -> dict[str, Any]:
    name = next((span.name for span in spans if span.type == "agent" and span.parent_id is None), run.kind)
    return {
        "object": "trace", "id": run.trace_id, "workflow_name": name,
        "group_id": str(run.conversation_id) if run.conversation_id else None, "metadata": {"run_id": str(run.id)},
    }  # fmt: skip


def _span(run: Run, recorded: Recorded) -> dict[str, Any]:
    error = recorded.error or {}
    return {
        "object": "trace.span", "id": _span_id(recorded.id), "trace_id": run.trace_id,
        "parent_id": _span_id(recorded.parent_id) if recorded.parent_id else None,
        "started_at": recorded.started_at.isoformat(), "ended_at": (recorded.ended_at or recorded.started_at).isoformat(),
        "span_data": dict(_data(recorded)),
        "error": {"message": error.get("error") or error.get("code") or "", "data": {"code": error.get("code")}} if error else None,
    }  # fmt: skip


def _span_id(span_id: UUID) -> str:
    return f"span_{span_id.hex[-24:]}"


def _data(recorded: Recorded) -> Iterator[tuple[str, Any]]:
    kind = {"tool": "function", "retrieval": "custom"}.get(recorded.type, str(recorded.type))
    yield "type", kind
    if kind == "generation":
        given, used = body(recorded.input), recorded.usage or {}
        yield "model", recorded.model.partition("/")[2] or recorded.model
        yield "input", given["items"] if isinstance(given, dict) and isinstance(given.get("items"), list) else [given]
        made = body(recorded.output)
        yield "output", made if isinstance(made, list) else [made]
        yield "usage", {"input_tokens": used.get("prompt_tokens", 0), "output_tokens": used.get("completion_tokens", 0)}
    elif kind == "function":
        yield "name", recorded.name
        yield "input", orjson.dumps(body(recorded.input)).decode()
        yield "output", orjson.dumps(body(recorded.output)).decode()
    elif kind == "handoff":
        made = recorded.output if isinstance(recorded.output, dict) else {}
        yield "from_agent", made.get("from")
        yield "to_agent", made.get("to") or recorded.name
    elif kind == "guardrail":
        yield "name", recorded.name
        yield "triggered", bool(recorded.error)
    elif kind == "custom":
        yield "name", recorded.name
        yield "data", {"input": body(recorded.input), "output": body(recorded.output)}
    else:
        yield "name", recorded.name
