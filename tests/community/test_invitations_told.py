"""An invitation whose task was lost is found by the sweep, and told once."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone

from community import tasks
from community.access import get_actor
from community.models import Invitation, Workspace
from community.services import invitations, notices
from config.lib import jobs
from tests.cast import Cast
from tests.community.test_invitations_own import told

ANYTHING = "invites you to"


@pytest.fixture(autouse=True)
def no_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if it were away: what is sent to it is lost."""
    monkeypatch.setattr(jobs, "_send", lambda _task, _arguments: None)


def invite(cast: Cast, *, sent_ago: timedelta) -> Invitation:
    actor = get_actor(cast.alice.user, cast.alice.workspace_id)
    invitation = invitations.invitation_create(actor=actor, email=cast.dave.user.email, role="viewer")
    Invitation.objects.filter(id=invitation.id).update(sent_at=timezone.now() - sent_ago)
    invitation.refresh_from_db()
    return invitation


def test_the_sweep_tells_what_the_broker_lost_once(cast: Cast) -> None:
    invite(cast, sent_ago=timedelta(minutes=2))
    assert told(cast.dave) == []
    tasks.tell_invited_due()
    [title] = told(cast.dave)
    assert ANYTHING in title
    assert notices.invited_tell_due() == 0
    assert len(told(cast.dave)) == 1


def test_what_is_sent_again_is_told_again(cast: Cast) -> None:
    invitation = invite(cast, sent_ago=timedelta(minutes=2))
    notices.invited_tell_due()
    invitations.invitation_resend(actor=get_actor(cast.alice.user, cast.alice.workspace_id), invitation=invitation)
    Invitation.objects.update(sent_at=timezone.now() - timedelta(seconds=90))
    assert notices.invited_tell_due() == 1
    assert len(told(cast.dave)) == 2


@pytest.mark.parametrize("why", ["just sent", "revoked", "expired", "closed", "accepted"])
def test_what_waits_for_nobody_is_not_told(cast: Cast, why: str) -> None:
    invitation = invite(cast, sent_ago=timedelta(seconds=5 if why == "just sent" else 120))
    now = timezone.now()
    ended = {"revoked": {"revoked_at": now}, "expired": {"expires_at": now}, "accepted": {"accepted_at": now}}
    Invitation.objects.filter(id=invitation.id).update(sent_at=invitation.sent_at, **ended.get(why, {}))
    if why == "closed":
        Workspace.objects.filter(id=cast.alice.workspace_id).update(closed_at=now)
    assert notices.invited_tell_due() == 0
    assert told(cast.dave) == []


def test_the_scheduler_sweeps_each_minute() -> None:
    [beat] = [each for each in settings.CELERY_BEAT_SCHEDULE.values() if each["task"] == "community.tell_invited_due"]
    assert beat["schedule"] <= 60
