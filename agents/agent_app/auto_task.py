"""A run as a task, for ``auto`` to judge."""

from collections.abc import Mapping
from typing import Any

from django.db.models import Count, Sum
from django.db.models.functions import Length

from agent_app import calls
from agent_app.auto import BALANCED, Task
from agent_app.models import Message
from agent_app.runs.registry import RunInput


def task_of(definition: Mapping[str, Any], run_input: RunInput) -> Task:
    """A run as a task: its words, and what its agent and its conversation bring along."""
    turns, earlier = 1, 0
    if run_input.conversation_id is not None:
        said = Message.objects.filter(conversation_id=run_input.conversation_id)
        counted = said.aggregate(turns=Count("id"), length=Sum(Length("content")))
        turns, earlier = counted["turns"] + 1, (counted["length"] or 0) // 3
    prompt = calls.prompt_tokens(definition.get("instructions") or "", []) + calls.message_tokens(run_input.message)
    return Task(
        message=run_input.message, prompt_tokens=prompt + earlier, tools=len(definition.get("tools") or ()),
        handoffs=len(definition.get("handoffs") or ()), schema=bool(definition.get("output_type")),
        pictures=bool(run_input.attachments), turns=turns,
        preference=(definition.get("model_settings") or {}).get("preference") or BALANCED,
    )  # fmt: skip
