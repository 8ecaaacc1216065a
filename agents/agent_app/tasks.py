"""Celery's way in. Thin: an id in, one call, nothing kept here."""

from typing import Any
from uuid import UUID

from celery import shared_task, signals
from django.utils.module_loading import import_string

from agent_app import approvals
from agent_app.runnable import ENGINE
from agent_app.runs import aftercare, closing, reaper
from agent_app.runs.worker import worker
from agent_app.services import credentials
from agent_app.tools.sandbox import worker as sandbox
from config.lib import loop
from config.lib.ids import parse_uuid


@shared_task(name="agents.execute_run", acks_late=False)
def execute_run(run_id: str) -> None:
    """Execute a run on this process's event loop and wait for its end. Safe to deliver twice: a run is claimed once."""
    parsed = parse_uuid(run_id)
    if parsed is not None:
        loop.submit(worker().execute(parsed)).result()


@shared_task(name="agents.reap_runs")
def reap_runs() -> None:
    reaper.reap()


@shared_task(name="agents.sweep_approvals")
def sweep_approvals() -> None:
    approvals.approvals_sweep()


@shared_task(name="agents.sweep_credentials")
def sweep_credentials() -> None:
    credentials.credentials_sweep()


@shared_task(name="agents.cancel_runs_of_closed")
def cancel_runs_of_closed(workspace_id: str) -> None:
    closing.runs_of_closed_cancel(workspace_id=UUID(workspace_id))


@shared_task(name="agents.sandbox_call", acks_late=False)
def sandbox_call(job: str, kind: str, payload: dict[str, Any], box: str, timeout_s: float) -> None:
    """A call of a tool that needs a machine of its own. Its arguments are the call: there is no row of it."""
    sandbox.work(job=job, kind=kind, payload=payload, box=box)


@signals.worker_ready.connect
def announce_sandbox(sender: Any, **_: Any) -> None:
    """The sandbox worker says that it is there, and whether sandboxes can be made: tools are offered by that."""
    if "sandbox" in sender.app.amqp.queues.consume_from:
        sandbox.tell_state()
        sender.timer.call_repeatedly(sandbox.ANNOUNCE_EVERY, sandbox.tell_state)


@signals.celeryd_after_setup.connect
def load_engine(instance: Any, **_: Any) -> None:
    """Before the first run: loading the SDK takes seconds, in which the event loop would renew no lease."""
    if "runs" in instance.app.amqp.queues.consume_from:
        import_string(ENGINE)
        aftercare.collector()


@signals.worker_shutting_down.connect
def hand_over_runs(**_: Any) -> None:
    """A warm shutdown waits for running tasks; they end as soon as their runs are finished or handed over."""
    loop.submit(worker().shut_down())
