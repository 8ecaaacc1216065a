"""A workspace that is closed runs nothing any more."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from agent_app.models import Run
from agent_app.runs import closing, reaper
from community.access import get_actor
from community.models import Workspace
from community.services import erasure
from community.services.workspaces import workspace_create, workspace_delete
from config.lib import jobs
from tests.agents.world import make_agent, make_provider, make_run, start
from tests.cast import Cast, Person

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def garage(cast: Cast) -> Person:
    """A workspace of dave's that is not his personal one."""
    return Person(cast.dave.user, workspace_create(owner=cast.dave.user, name="Garage").id)


def running(person: Person) -> Run:
    fields = {"status": "running", "finished_at": None, "lease_expires_at": timezone.now() + timedelta(minutes=1)}
    return make_run(person, make_agent(person), **fields)


def test_its_queued_runs_end_and_its_running_ones_are_told_to(cast: Cast, garage: Person) -> None:
    make_provider(garage)
    queued, at_work = start(garage, make_agent(garage, model="fake/m")), running(garage)
    elsewhere, ended = running(cast.dave), make_run(garage, make_agent(garage))
    workspace_delete(actor=get_actor(garage.user, garage.workspace_id), confirmation="Garage")
    assert closing.runs_of_closed_cancel(workspace_id=garage.workspace_id) == 2
    for run in (queued, at_work, elsewhere, ended):
        run.refresh_from_db()
    assert (queued.status, ended.status, elsewhere.status) == ("cancelled", "succeeded", "running")
    assert at_work.cancel_requested_at is not None
    assert elsewhere.cancel_requested_at is None
    assert closing.runs_of_closed_cancel(workspace_id=garage.workspace_id) == 0, "asked once"


def test_what_no_event_reached_is_found(garage: Person) -> None:
    run = running(garage)
    assert reaper.reap() == 0
    Workspace.objects.filter(id=garage.workspace_id).update(closed_at=timezone.now())
    assert reaper.reap() == 1
    assert Run.objects.get(id=run.id).cancel_requested_at is not None


@pytest.mark.parametrize("how", ["deleted", "with its person"])
def test_closing_asks_a_worker_for_it(garage: Person, monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    sent: list[tuple[str, dict[str, Any]]] = []
    monkeypatch.setattr(jobs, "_send", lambda task, arguments: sent.append((task, arguments)))
    if how == "deleted":
        workspace_delete(actor=get_actor(garage.user, garage.workspace_id), confirmation="Garage")
    else:
        erasure.person_erase(user=garage.user)
    assert ("agents.cancel_runs_of_closed", {"workspace_id": str(garage.workspace_id)}) in sent
