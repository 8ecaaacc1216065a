"""A start does not hang on the broker: the run is stored, and told to a worker once the broker is back."""

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from celery import Celery, current_app
from django.db.models import F
from django.db.models.functions import Now

from agent_app.models import Run
from agent_app.runs import reaper
from tests.agents.world import make_agent, make_provider, start
from tests.cast import Cast

PATIENCE = 60.0  # the limit is two seconds; the rest is for a busy machine


@contextmanager
def broker(port: int) -> Iterator[None]:
    """The project's Celery application as it is, but for the broker's address."""
    usual = current_app._get_current_object()
    other = Celery("test", set_as_current=False)
    other.config_from_object("django.conf:settings", namespace="CELERY")
    other.conf.broker_url = f"redis://127.0.0.1:{port}/0"
    other.set_current()
    try:
        yield
    finally:
        usual.set_current()
        other.close()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("silent", [False, True], ids=["refuses", "is silent"])
def test_a_start_does_not_wait_for_a_broker_that(cast: Cast, silent: bool) -> None:
    make_provider(cast.alice)
    agent = make_agent(cast.alice, model="fake/m")
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        if silent:
            held.listen()
        with broker(held.getsockname()[1]):
            began = time.monotonic()
            run = start(cast.alice, agent)
            took = time.monotonic() - began
    assert took < PATIENCE
    run.refresh_from_db()
    assert run.status == "queued"


@pytest.mark.django_db(transaction=True)
def test_a_run_that_no_worker_was_told_about_is_told_again(cast: Cast) -> None:
    make_provider(cast.alice)
    run = start(cast.alice, make_agent(cast.alice, model="fake/m"))
    with current_app.connection_for_read() as connection:
        queue = connection.SimpleQueue("runs")
        queue.clear()
        assert reaper.reap() == 0, "it was queued just now"
        Run.objects.filter(id=run.id).update(enqueued_at=F("enqueued_at") - timedelta(minutes=1))
        assert reaper.reap() == 1
        assert queue.get(timeout=30).payload[0] == [str(run.id)]
        assert reaper.reap() == 0
    assert Run.objects.filter(id=run.id, status="queued", enqueued_at__lte=Now()).exists()
