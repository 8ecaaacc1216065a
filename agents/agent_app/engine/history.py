"""What of a conversation is sent to the model."""

from agents.items import TResponseInputItem

from agent_app.engine import tokens
from agent_app.models import Message


def input_items(history: list[Message], *, budget: int | None = None) -> list[TResponseInputItem]:
    """The branch as input items. With a ``budget`` of tokens the oldest messages are left out; the last one never is."""
    kept: list[Message] = []
    left = budget
    for message in reversed(history):
        if left is not None:
            left -= 4 + tokens.estimate(message.content)
            if left < 0 and kept:
                break
        kept.append(message)
    return [{"role": message.role, "content": message.content} for message in reversed(kept)]  # type: ignore[misc]  # a role is user or assistant
