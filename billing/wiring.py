"""What this app puts into the registries when Django is ready."""

from billing import demo, limits, policies, shell
from billing.services import accounts
from community import policies as roles
from community.events import PersonVerified, WorkspaceCreated
from community.models import Workspace
from community.registry import demo_seeders, limit_sources
from config.lib import events
from config.lib import shell as frame


def register() -> None:
    for action, role in policies.LEAST_ROLE.items():
        roles.allow(action, role, policies.SCOPE.get(action))
    if limits.of_workspace not in limit_sources:
        limit_sources.append(limits.of_workspace)
    if demo.seed not in demo_seeders:
        demo_seeders.append(demo.seed)
    events.subscribe(WorkspaceCreated, open_account)
    events.subscribe(PersonVerified, grant_signup)
    frame.registry.balance = shell.balance
    frame.registry.add_palette(shell.palette)


def open_account(event: WorkspaceCreated) -> None:
    """After the commit and before whoever registered has their answer."""
    accounts.account_open(workspace_id=event.workspace_id)


def grant_signup(event: PersonVerified) -> None:
    personal = Workspace.objects.filter(personal_of_id=event.user_id).values_list("id", flat=True).first()
    if personal is not None:
        accounts.account_open(workspace_id=personal)
