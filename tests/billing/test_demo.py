"""The demo workspace is on a plan that lets a newcomer invite people."""

import pytest
from django.core.management import call_command

from billing.models import CreditAccount, Plan
from billing.services.accounts import plan_set
from community.access import get_actor
from community.models import AuditEntry, User
from community.services.invitations import invitation_create
from tests.cast import fresh_address

pytestmark = pytest.mark.django_db


def demo_account() -> CreditAccount:
    return CreditAccount.objects.select_related("plan").get(workspace__personal_of__email="demo@troupe.local")


def test_the_demo_person_can_invite_somebody() -> None:
    call_command("seed_demo")
    assert demo_account().plan.slug == "pro"
    actor = get_actor(User.objects.get(email="demo@troupe.local"))
    assert invitation_create(actor=actor, email=fresh_address("guest"), role="editor").id


def test_seeding_again_changes_nothing_and_overrules_nobody() -> None:
    call_command("seed_demo")
    call_command("seed_demo")
    account = demo_account()
    assert AuditEntry.objects.filter(workspace_id=account.workspace_id, action="billing.plan_set").count() == 1
    plan_set(workspace_id=account.workspace_id, plan=Plan.objects.get(slug="free"), actor_id=account.id)
    call_command("seed_demo")
    assert demo_account().plan.slug == "free"


def test_without_that_plan_the_demo_is_made_all_the_same() -> None:
    Plan.objects.filter(slug="pro").delete()
    call_command("seed_demo")
    assert User.objects.filter(email="demo@troupe.local").exists()
    assert not CreditAccount.objects.exclude(plan__slug="free").exists()
