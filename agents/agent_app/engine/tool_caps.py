"""How often the tools of a run may be called. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping

from agent_app.tools.registry import ToolDefinition, ToolFailed

MOST_CALLS = 100  # of all tools in one run


class Caps:
    """Those of one run. ``used`` counts the calls by the tool's id, of attempts before this one too; ``counted`` are their ids."""

    def __init__(self) -> None:
        self.used: Counter[str] = Counter()
        self.counted: set[str] = set()

    def restore(self, used: Mapping[str, int], counted: Iterable[str]) -> None:
        self.used, self.counted = Counter(used), set(counted)

    def left(self, tool: ToolDefinition) -> int:
        left = MOST_CALLS - self.used.total()
        return left if tool.max_calls is None else min(left, tool.max_calls - self.used[tool.id])

    def check(self, tool: ToolDefinition) -> None:
        """Raises ToolFailed where the tool, or the run, has been called as often as it may be."""
        if tool.max_calls is not None and self.used[tool.id] >= tool.max_calls:
            text = f"This tool may be called {tool.max_calls} times in one run, and was. Answer with what you have."
            raise ToolFailed(text, code="max_calls")
        if self.used.total() >= MOST_CALLS:
            raise ToolFailed("This run has used all of its tool calls. Answer with what you have.", code="max_calls")

    def count(self, tool: ToolDefinition, call_id: str) -> None:
        """One call more, if it is made for the first time. Raises ToolFailed."""
        if call_id in self.counted:
            return
        self.check(tool)
        self.used[tool.id] += 1
        self.counted.add(call_id)
