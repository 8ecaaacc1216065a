"""What an agent without a model of its own would be answered by: nobody, whatever stands in the environment."""

import asyncio

import pytest
from agents import Agent, Runner

from agent_app.engine.asks import RUN_CONFIG
from agent_app.runs.registry import RunFailure


@pytest.mark.parametrize("name", [None, "gpt-4o", "litellm/anthropic/claude"])
def test_the_sdk_never_asks_with_the_operators_key(name: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "x")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    with pytest.raises(RunFailure, match="no model of its own"):
        asyncio.run(Runner.run(Agent(name="Bare", model=name), "Hello", run_config=RUN_CONFIG))
