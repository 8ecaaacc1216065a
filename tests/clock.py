"""Clocks that a test puts forward or holds, so that no slow machine is ahead of it and none waits."""

import asyncio
import time
from types import SimpleNamespace

import pytest

from config.lib import redis


def forward(seconds: float) -> None:
    """Put the running loop's clock forward: all that was to happen by then happens now.

    Limits can stay so long that real work never meets them.
    """
    loop = asyncio.get_running_loop()
    now = loop.time
    loop.time = lambda: now() + seconds  # type: ignore[method-assign]


@pytest.fixture
def one_window(monkeypatch: pytest.MonkeyPatch) -> None:
    """Some limits count by windows of the clock; a test that crossed the border of two would count in both."""
    now = time.time()
    monkeypatch.setattr(redis, "time", SimpleNamespace(time=lambda: now))
