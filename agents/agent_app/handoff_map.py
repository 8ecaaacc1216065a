"""Who can hand over to whom from an agent on: as data, and drawn with the agents in columns by how many handoffs they are away."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from agent_app.definition.choice import DRAFT
from agent_app.definition.closure import definition
from agent_app.models import Agent
from agent_app.selectors import sources_of

_WIDTH, _HEIGHT, _ACROSS, _DOWN = 168, 40, 232, 64
_LETTERS = 20


@dataclass(frozen=True)
class Reached:
    """An agent, and how many handoffs away it is."""

    agent_id: str
    name: str
    distance: int


@dataclass(frozen=True)
class HandoffGraph:
    """``agents`` from the nearest on; of ``handoffs`` each has ``from_agent_id`` beside its own values."""

    agents: list[Reached]
    handoffs: list[dict[str, Any]]


@dataclass(frozen=True)
class Box:
    agent_id: str
    name: str
    short: str
    x: int
    y: int
    root: bool


@dataclass(frozen=True)
class Map:
    """``arrows`` are paths of SVG; ``lines`` say the same in words: an agent and whom it hands over to."""

    boxes: list[Box]
    arrows: list[str]
    lines: list[tuple[str, list[str]]]
    width: int
    height: int


def handoff_graph(agent: Agent, which: int | str = DRAFT) -> HandoffGraph:
    """Of the draft, with the drafts of those it reaches, or of a version, with the versions that it pins."""
    frozen = definition(str(agent.id), sources_of(agent, which))
    agents: Mapping[str, Any] = {**frozen["targets"], frozen["agent_id"]: frozen}
    distances, level = {frozen["agent_id"]: 0}, [frozen["agent_id"]]
    handoffs: list[dict[str, Any]] = []
    while level:
        found = [{"from_agent_id": key, **each} for key in level for each in agents[key]["handoffs"]]
        targets = dict.fromkeys(each["target_agent_id"] for each in found)
        handoffs += found
        distance = distances[level[0]] + 1
        level = [key for key in targets if key not in distances]
        distances |= dict.fromkeys(level, distance)
    return HandoffGraph([Reached(key, agents[key]["name"], far) for key, far in distances.items()], handoffs)


def handoff_map(agent: Agent) -> Map:
    graph = handoff_graph(agent)
    boxes: dict[str, Box] = {}
    rows: dict[int, int] = {}
    for each in graph.agents:
        row = rows[each.distance] = rows.get(each.distance, -1) + 1
        x, y = 8 + each.distance * _ACROSS, 24 + row * _DOWN
        boxes[each.agent_id] = Box(each.agent_id, each.name, _short(each.name), x, y, each.distance == 0)
    pairs = [(boxes[each["from_agent_id"]], boxes[each["target_agent_id"]]) for each in graph.handoffs]
    lines = [(box.name, [end.name for start, end in pairs if start is box]) for box in boxes.values()]
    width = max(box.x for box in boxes.values()) + _WIDTH + 32
    height = max(box.y for box in boxes.values()) + _HEIGHT + 24
    return Map(list(boxes.values()), [_arrow(*pair) for pair in pairs], lines, width, height)


def _short(name: str) -> str:
    return name if len(name) <= _LETTERS else f"{name[: _LETTERS - 1]}…"


def _arrow(start: Box, end: Box) -> str:
    x, y = start.x + _WIDTH, start.y + _HEIGHT // 2
    to_x, to_y = end.x - 4, end.y + _HEIGHT // 2
    if start is end:  # to itself: a loop above the box
        return f"M{x - 40} {start.y} c0 -22 -48 -22 -48 -4"
    if end.x <= start.x:  # back: under the boxes
        below = max(start.y, end.y) + _HEIGHT + 14
        middle, back = start.x + _WIDTH // 2, end.x + _WIDTH // 2
        return f"M{middle} {start.y + _HEIGHT} C{middle} {below + 8} {back} {below + 8} {back} {end.y + _HEIGHT + 4}"
    return f"M{x} {y} C{x + 32} {y} {to_x - 32} {to_y} {to_x} {to_y}"
