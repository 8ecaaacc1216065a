"""Troupe as a real web process, for clients that know the schema alone. One for all tests of this folder."""

from collections.abc import Iterator

import pytest

from tests.benchmarks.stack import Person, Stack
from tests.fakes.openai_wire import FakeOpenAI


@pytest.fixture(scope="package")
def model() -> Iterator[FakeOpenAI]:
    """What stands in for the embedded language model."""
    with FakeOpenAI() as server:
        yield server


@pytest.fixture(scope="package")
def stack(model: FakeOpenAI) -> Iterator[Stack]:
    """Without a worker: who needs one starts it. Without plans: their limits would stand in the way of most requests."""
    environment = {
        "LOCAL_MODEL_URL": model.base_url,
        "BILLING_MODE": "off",
        "DJANGO_SETTINGS_MODULE": "tests.contract.settings",
    }
    with Stack(environment=environment) as running:
        running.start("web")
        yield running


@pytest.fixture(scope="package")
def alice(stack: Stack) -> Person:
    return stack.register()
