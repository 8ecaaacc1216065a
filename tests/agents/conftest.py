"""What most tests of runs begin with: a provider that answers on the wire, listed in everybody's workspace."""

from collections.abc import Iterator

import pytest

from tests.agents.world import make_provider
from tests.cast import Cast
from tests.fakes.openai_wire import FakeOpenAI


@pytest.fixture
def provider(cast: Cast) -> Iterator[FakeOpenAI]:
    """``fake`` with the models ``m``, ``tutor`` and ``other``. Files that need another one have their own."""
    with FakeOpenAI() as server:
        make_provider(cast.alice, server.base_url, model_ids=["m", "tutor", "other"])
        yield server
