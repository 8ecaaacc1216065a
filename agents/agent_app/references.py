"""What instructions can name: the menus of the editor. ``/`` offers variables, ``@`` what the agent has."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from django.utils.translation import gettext as _

from agent_app.definition.content import Content, default_tool_name
from agent_app.models import Agent
from agent_app.selectors import agent_file_rows

_LONGEST_HINT = 60


@dataclass(frozen=True, kw_only=True)
class Reference:
    """One entry of a menu. ``insert`` is what takes the place of what was typed."""

    trigger: Literal["/", "@"]
    label: str
    hint: str
    icon: str
    insert: str


def _variables(agent: Agent, content: Content) -> Iterator[Reference]:
    known = {"user.name": _("Who is talking to the agent"), "now": _("Date and time of the run")}
    for path, hint in known.items():
        yield Reference(trigger="/", label=path, hint=hint, icon="code", insert=_variable(path))
    for name in _shared(content):
        path = f"context.{name}"
        yield Reference(trigger="/", label=path, hint=_example(content, name), icon="database", insert=_variable(path))


def _handoffs(agent: Agent, content: Content) -> Iterator[Reference]:
    targets = Agent.objects.in_workspace(agent.workspace_id)
    names = dict(
        targets.filter(id__in=[each["target_agent_id"] for each in content["handoffs"]]).values_list("id", "name")
    )
    by_id = {str(key): name for key, name in names.items()}
    for each in content["handoffs"]:
        if (name := by_id.get(each["target_agent_id"])) is not None:
            called = each["tool_name"] or default_tool_name(name)
            hint = _("Hands over to %(name)s") % {"name": name}
            yield Reference(trigger="@", label=called, hint=hint, icon="arrow-right", insert=f"@{called}")


def _contexts(agent: Agent, content: Content) -> Iterator[Reference]:
    """A context is named by what is in it: a run may bring along any of them."""
    for name in _shared(content):
        insert = _variable(f"context.{name}")
        yield Reference(trigger="@", label=name, hint=_example(content, name), icon="database", insert=insert)


def _files(agent: Agent, content: Content) -> Iterator[Reference]:
    for row in agent_file_rows(agent):
        hint = row.description or _("A file of this agent")
        yield Reference(
            trigger="@", label=row.file.name, hint=_short(hint), icon="file-text", insert=f"“{row.file.name}”"
        )


# In the order of the menu. What agents have besides (tools) is one line more.
_SOURCES: tuple[Callable[[Agent, Content], Iterable[Reference]], ...] = (_variables, _handoffs, _contexts, _files)


def references(agent: Agent, content: Content) -> list[Reference]:
    """All entries of both menus. Two queries at most."""
    return [found for source in _SOURCES for found in source(agent, content)]


def _variable(path: str) -> str:
    return "{{ " + path + " }}"


def _shared(content: Content) -> list[str]:
    """What every context has: a run may choose any of them."""
    names = [set(context["content"]) for context in content["contexts"]]
    return [name for name in sorted(set.intersection(*names)) if name.isidentifier()] if names else []


def _example(content: Content, name: str) -> str:
    chosen: dict[str, Any] = next((each for each in content["contexts"] if each["is_default"]), content["contexts"][0])
    return _short(f"{chosen['name']}: {chosen['content'][name]}")


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST_HINT else f"{text[: _LONGEST_HINT - 1]}…"
