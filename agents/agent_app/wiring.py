"""What this app puts into the registries when Django is ready."""

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from agent_app import demo, kinds, model_references, palette, panels, policies, selectors
from agent_app.events import RunEnded
from agent_app.expressions import problems
from agent_app.inbox import Approvals, FailedRuns
from agent_app.models import ACTIVE, Run
from agent_app.models.credentials import TOKENS_PURPOSE, VALUES_PURPOSE
from agent_app.models.keys import POOL_PURPOSE
from agent_app.models.providers import KEY_PURPOSE
from agent_app.runnable import AgentRunnable
from agent_app.runs import bodies, registry
from agent_app.runs.approvals import ARGUMENTS_PURPOSE
from agent_app.runs.tool_calls import STATE_PURPOSE
from agent_app.services import provider_keys, shares
from agent_app.tools.sandbox.calls import forget_workspace
from billing.registry import RunLabel, run_labellers
from community import access
from community import policies as roles
from community.events import MemberLeft, WorkspaceClosed
from community.models import User
from community.registry import add_inbox, demo_seeders, dependents, erasers, stored_keys, workspace_checks
from config.lib import events, jobs, secrets, shell
from config.lib.errors import AppError, InvalidInput


def register() -> None:
    for action, role in policies.LEAST_ROLE.items():
        roles.allow(action, role, policies.SCOPE.get(action))
    registry.register("agent", AgentRunnable())
    problems.translate = gettext
    kinds.register()
    secrets.register(secrets.Column("agents.RunCheckpoint", "state_encrypted", STATE_PURPOSE))
    secrets.register(secrets.Column("agents.Approval", "arguments_encrypted", ARGUMENTS_PURPOSE))
    secrets.register(secrets.Column("agents.Provider", "api_key_encrypted", KEY_PURPOSE))
    secrets.register(secrets.Column("agents.ProviderKey", "key_encrypted", POOL_PURPOSE))
    secrets.register(secrets.Column("agents.Credential", "values_encrypted", VALUES_PURPOSE))
    secrets.register(secrets.Column("agents.Credential", "tokens_encrypted", TOKENS_PURPOSE))
    add_inbox(Approvals())
    add_inbox(FailedRuns())
    if demo.seed not in demo_seeders:
        demo_seeders.append(demo.seed)
    if selectors.dependents not in dependents:
        dependents.append(selectors.dependents)
    if stop_sharing not in erasers:
        erasers.append(stop_sharing)
    shell.registry.add_navigation(
        shell.NavItem(key="agents", label=_("Agents"), icon="bot", route="agents:list", order=20, mobile=True)
    )
    shell.registry.add_navigation(
        shell.NavItem(
            key="runs",
            label=_("Runs"),
            icon="activity",
            route="agents:runs",
            order=50,
            mobile=True,
            count=running_count,
        )
    )
    shell.registry.add_navigation(
        shell.NavItem(key="models", label=_("Models"), icon="cpu", route="agents:models", order=60, mobile=True)
    )
    shell.registry.add_badge("runs", running)
    palette.register()
    if run_labels not in run_labellers:
        run_labellers.append(run_labels)
    panels.register()
    events.subscribe(WorkspaceClosed, cancel_runs)
    events.subscribe(MemberLeft, forget_keys)
    events.subscribe(RunEnded, forget_workspace)
    if check_default_model not in workspace_checks:
        workspace_checks.append(check_default_model)
    if erase_keys not in erasers:
        erasers.append(erase_keys)
    if bodies.wanted not in stored_keys:
        stored_keys.append(bodies.wanted)


def cancel_runs(event: WorkspaceClosed) -> None:
    """Later: there may be a thousand of them, and whoever closed the workspace waits for an answer."""
    jobs.send_on_commit("agents.cancel_runs_of_closed", workspace_id=event.workspace_id)


def stop_sharing(person: User) -> None:
    shares.shares_of_person_revoke(person=person)


def check_default_model(actor: access.Actor, changes: Mapping[str, Any]) -> None:
    """A default that no agent could use is refused when it is set."""
    reference = changes.get("default_model")
    if reference:
        try:
            model_references.resolve(workspace_id=actor.workspace_id, reference=reference)
        except AppError as error:
            raise InvalidInput(errors={"default_model": [error.detail]}) from error


def forget_keys(event: MemberLeft) -> None:
    """Whoever leaves takes their own keys along."""
    provider_keys.provider_keys_forget(user_id=event.user_id, workspace_id=event.workspace_id)


def erase_keys(person: User) -> None:
    provider_keys.provider_keys_forget(user_id=person.id)


def run_labels(workspace_id: UUID, run_ids: Collection[UUID]) -> dict[UUID, RunLabel]:
    """Runs by id, for the ledger's links."""
    rows = Run.objects.in_workspace(workspace_id).filter(id__in=run_ids).values_list("id", "agent__name")
    return {run_id: RunLabel(str(name or _("Run")), reverse("agents:run", args=[run_id])) for run_id, name in rows}


def running_count(request: HttpRequest) -> int:
    return running(access.page_actor(request))


def running(actor: access.Actor) -> int:
    return Run.objects.in_workspace(actor.workspace_id).filter(status__in=ACTIVE)[:100].count()
