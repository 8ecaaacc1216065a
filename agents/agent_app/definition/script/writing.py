"""The whole script: a head that says what it needs, the code that it needs, the agents, and ``main``."""

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from agent_app.definition.bundle import blanked
from agent_app.definition.closure import Source
from agent_app.definition.content import default_context
from agent_app.definition.script import agents, guardrails, linking, tools
from agent_app.definition.script.scene import Scene
from agent_app.definition.script.source import finished, one_line, python_of

_SDK = "openai-agents>=0.24"
_NEEDED = ("jsonschema", "jinja2")


@dataclass(frozen=True)
class Script:
    source: str
    file: str


def script(
    root_id: str, sources: Mapping[str, Source], integrations: Mapping[str, Mapping[str, Any]] | None = None
) -> Script:
    """The source. What the SDK has no word for stands in comments beside the agent. ``integrations`` are the ways in which
    tools say who they are that name one, by its id."""
    scene = Scene(agents=agents.names(root_id, sources), integrations=integrations or {})
    named = [(scene.agents[key], source.content) for key, source in sources.items()]
    parts = [agents.agent(name, content, scene) for name, content in named]
    for write in (tools.tools, agents.handoffs, guardrails.guardrails):
        parts += [write(name, content, scene) for name, content in named]
    made = finished("".join(parts))
    body = f"{made}\n\n{_main(scene.agents[root_id], scene)}"
    quiet = "set_tracing_disabled(True)  # else prompts and answers are sent to OpenAI's dashboard\n"
    linked = linking.linked(quiet + body, {"CONTEXT": _context(sources[root_id].content)})
    file = f"{scene.agents[root_id]}.py"
    head = _head(sources[root_id].content["name"], file, scene, linked.packages)
    return Script(f"{head}\n{linked.imports}\n\n{quiet}\n{linked.definitions}\n\n\n{body}", file)


def _head(title: str, file: str, scene: Scene, packages: frozenset[str]) -> str:
    needed = " ".join([f'"{_SDK}"', *(each for each in _NEEDED if each in packages)])
    lines = [
        f'"""{one_line(title)}', "", f"Exported from Troupe. Needs Python 3.11: pip install {needed}",
        f'Run it: python {file} "Your message"',
    ]  # fmt: skip
    if scene.variables:
        lines += ["", "It reads from the environment:"]
        lines += [f"  {name}: {meaning}" for name, meaning in sorted(scene.variables.items())]
    return "\n".join([*lines, '"""', ""])


def _context(content: Mapping[str, Any]) -> str:
    context = default_context(dict(content))
    removed: list[str] = []
    given = python_of(blanked(context["content"] if context else {}, removed))
    said = f"# Secrets were taken out: {one_line(', '.join(removed))}.\n" if removed else ""
    return f"{said}CONTEXT: dict[str, Any] = {given}"


def _main(root: str, scene: Scene) -> str:
    run = "run_with_approvals" if scene.asks else "Runner.run"
    lines = [f'result = await {run}({root}, RUN["message"])', "print(result.final_output)"]
    if scene.guards:
        lines = [
            "try:", *_further(lines), "except (InputGuardrailTripwireTriggered, OutputGuardrailTripwireTriggered) as stopped:",
            "    print(stopped.guardrail_result.output.output_info)",
        ]  # fmt: skip
    if scene.served:
        lines = [f"async with connected({', '.join(scene.served)}):", *_further(lines)]
    lines = ['RUN["message"] = " ".join(sys.argv[1:]) or input("Message: ")', *lines]
    begin = 'if __name__ == "__main__":\n    asyncio.run(main())\n'
    return "\n".join(["async def main() -> None:", *_further(lines)]) + f"\n\n\n{begin}"


def _further(lines: list[str]) -> list[str]:
    return [textwrap.indent(line, "    ") for line in lines]
