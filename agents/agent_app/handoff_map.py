"""Who can hand over to whom, drawn: agents in columns by how many handoffs they are away, arrows between them."""

from dataclasses import dataclass

from agent_app.definition.sources import draft_sources
from agent_app.models import Agent

_WIDTH, _HEIGHT, _ACROSS, _DOWN = 168, 40, 232, 64
_LETTERS = 20


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


def handoff_map(agent: Agent) -> Map:
    sources = draft_sources(agent)
    edges = {key: [each["target_agent_id"] for each in source.content["handoffs"]] for key, source in sources.items()}
    names = {key: source.content["name"] for key, source in sources.items()}
    places = _places(str(agent.id), edges)
    boxes = {
        key: Box(key, names[key], _short(names[key]), 8 + column * _ACROSS, 24 + row * _DOWN, key == str(agent.id))
        for key, (column, row) in places.items()
    }
    arrows = [
        _arrow(boxes[key], boxes[target]) for key, targets in edges.items() for target in targets if target in boxes
    ]
    lines = [(names[key], [names[target] for target in targets if target in names]) for key, targets in edges.items()]
    width = max(box.x for box in boxes.values()) + _WIDTH + 32
    height = max(box.y for box in boxes.values()) + _HEIGHT + 24
    return Map(list(boxes.values()), arrows, lines, width, height)


def _places(root: str, edges: dict[str, list[str]]) -> dict[str, tuple[int, int]]:
    """Column and row of each agent: the nearest way from the root."""
    places: dict[str, tuple[int, int]] = {root: (0, 0)}
    level, column = [root], 0
    while level:
        column += 1
        fresh = dict.fromkeys(target for key in level for target in edges.get(key, []) if target not in places)
        places |= {target: (column, row) for row, target in enumerate(fresh) if target in edges}
        level = [target for target in fresh if target in edges]
    return places


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
