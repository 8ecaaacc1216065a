"""What the parts of one script share: the agents' names in it, and the environment variables that it reads."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from agent_app.auto import AUTO
from agent_app.definition.script.source import Code, call, one_line, python_of


@dataclass(kw_only=True)
class Scene:
    """``agents``: variables by ids. ``integrations``: their ``name``, ``url`` and ``auth`` by ids.

    ``asks``: somebody has to approve calls; ``guards``: something can be stopped; ``served``: the agents with servers.
    """

    agents: Mapping[str, str]
    integrations: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)
    asks: bool = False
    guards: bool = False
    served: list[str] = field(default_factory=list)
    _secrets: dict[tuple[str, str], str] = field(default_factory=dict)

    def secret(self, owner: str, name: str, what: str, meaning: str) -> str:
        """The variable for a secret. No two of different owners share one: each is sent to another host. All begin alike, so
        that none is read that means something else on somebody's machine."""
        if (owner, what) not in self._secrets:
            wanted = f"TOOL_{_upper(name)}_{what}"
            free, number = wanted, 2
            while free in self.variables:
                free, number = f"{wanted}_{number}", number + 1
            self._secrets[owner, what] = free
            self._reads(free, meaning)
        return self._secrets[owner, what]

    @staticmethod
    def of_openai(reference: str) -> bool:
        """Whether the SDK asks OpenAI by the Responses API, which is what it does with a bare name."""
        return "/" not in reference or reference.lower().startswith("openai/")

    def model(self, reference: str) -> Code:
        """The ``model`` of an agent."""
        reference = "" if reference == AUTO else reference
        provider, _slash, model = reference.partition("/")
        if self.of_openai(reference):
            self._reads("OPENAI_API_KEY", "the key for models of OpenAI")
        if not reference:
            self._reads("MODEL", "the model of agents that name none; else gpt-4o-mini")
            return Code('os.environ.get("MODEL", "gpt-4o-mini")')
        if self.of_openai(reference):
            return python_of(model or provider)
        prefix = _upper(provider) or "PROVIDER"
        self._reads(f"{prefix}_API_KEY", f"the key for models of {provider}")
        self._reads(f"{prefix}_BASE_URL", f"where models of {provider} are")
        return call("provider_model", model, prefix)

    def _reads(self, variable: str, meaning: str) -> None:
        self.variables[variable] = one_line(meaning)


def _upper(name: str) -> str:
    return re.sub(r"[^A-Z0-9]+", "_", name.upper()).strip("_")[:40]
