"""Pictures that tools answer: how models are shown them, and how many stay in what they are sent. Pure."""

from collections.abc import Sequence
from typing import Any, cast

from agents import ToolOutputImage, ToolOutputText
from agents.run import CallModelData, ModelInputData

from agent_app.engine.items import Item

KEPT = 3  # the newest; a model that looks twenty times would be sent twenty pictures with each turn
_GONE = {"type": "input_text", "text": "[A picture was here. Look again if you need it.]"}


def with_pictures(text: str, pictures: Sequence[str]) -> Any:
    """What a tool answers to the SDK: text, with pictures as data addresses."""
    if not pictures:
        return text
    return [ToolOutputText(text=text), *(ToolOutputImage(image_url=each, detail="auto") for each in pictures)]


def as_output(text: str, pictures: Sequence[str]) -> Any:
    """The same as the output of an item, which the SDK would make of it."""
    if not pictures:
        return text
    shown = [{"type": "input_image", "image_url": each, "detail": "auto"} for each in pictures]
    return [{"type": "input_text", "text": text}, *shown]


def newest(data: CallModelData[Any]) -> ModelInputData:
    """What a model is sent, with the newest pictures of tools only."""
    given = data.model_data
    left, found = KEPT, list[Item]()
    for item in reversed(given.input):
        count = sum(map(_is_picture, _output(item)))
        if count > left:
            kept = [_GONE if _is_picture(part) else part for part in _output(item)]
            item = cast(Item, {**item, "output": kept})
        left = max(left - count, 0)
        found.append(item)
    return ModelInputData(input=found[::-1], instructions=given.instructions)


def apart(items: Sequence[Any]) -> list[Any]:
    """For protocols whose tools answer text alone: the pictures follow the answers as a message."""
    found: list[Any] = []
    waiting: list[Any] = []
    for item in items:
        if item.get("type") != "function_call_output" and waiting:
            found.append(_message(waiting))
            waiting = []
        if pictures := [part for part in _output(item) if _is_picture(part)]:
            waiting += pictures
            text = "".join(part.get("text") or "" for part in _output(item))
            item = {**item, "output": text}
        found.append(item)
    return [*found, _message(waiting)] if waiting else found


def _message(pictures: list[Any]) -> Any:
    said = {"type": "input_text", "text": "[What the tool has answered as a picture]"}
    return {"role": "user", "content": [said, *pictures]}


def _output(item: Any) -> list[Any]:
    output = item.get("output") if item.get("type") == "function_call_output" else None
    return output if isinstance(output, list) else []


def _is_picture(part: Any) -> bool:
    return bool(part.get("type") == "input_image")
