"""The plan of the demo workspace: one that shows what there is, inviting people as well."""

from billing.models import Plan
from billing.services.accounts import plan_set
from community.access import Actor
from community.models import AuditEntry

PLAN = "pro"


def seed(actor: Actor) -> None:
    """Once: whoever puts it on another plan, to look at that, is not overruled by the next start."""
    if AuditEntry.objects.filter(workspace_id=actor.workspace_id, action="billing.plan_set").exists():
        return
    plan = Plan.objects.filter(slug=PLAN).first()  # the operator may have renamed or deleted it
    if plan is not None:
        plan_set(workspace_id=actor.workspace_id, plan=plan, actor_id=actor.id)
