"""Telling people things: once, in their language, by the channels they chose."""

import smtplib
import threading
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.core import mail
from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext_lazy

from community.models import Delivery, Notification, User
from community.services import notifications
from config.lib.errors import InvalidInput
from tests.cast import Cast, Person


def tell(*people: Person, kind: str = "invitation", key: str = "k", **fields: Any) -> list[Notification]:
    values: dict[str, Any] = {"title": "Alice invited you", "url": "/inbox/"} | fields
    return notifications.notification_send(user_ids=[person.user.id for person in people], kind=kind, key=key, **values)


def prefer(person: Person, kind: str, **channels: bool) -> None:
    choices = {(kind, channel): on for channel, on in channels.items()}
    notifications.preferences_update(user=person.user, choices=choices)


def unread(person: Person) -> int:
    return int(person.api.get("notifications/?unread=true").json()["count"])


def test_everybody_is_told_once_however_often_it_is_said(cast: Cast) -> None:
    assert len(tell(cast.alice, cast.bob)) == 2
    assert [row.user for row in tell(cast.alice, cast.bob, cast.carol)] == [cast.carol.user]
    assert (unread(cast.alice), unread(cast.bob), unread(cast.carol), unread(cast.dave)) == (1, 1, 1, 0)


@pytest.mark.django_db(transaction=True)
def test_said_by_several_at_the_same_time_it_is_still_once(cast: Cast) -> None:
    made: list[int] = []

    def work() -> None:
        made.append(len(tell(cast.alice)))
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(made) == [0, 0, 0, 1]
    assert Notification.objects.count() == 1


def test_the_words_are_in_the_language_of_who_reads_them(cast: Cast) -> None:
    User.objects.filter(id=cast.bob.user.id).update(language="de")
    told = {row.user_id: row.title for row in tell(cast.alice, cast.bob, title=gettext_lazy("January"))}
    assert (told[cast.alice.user.id], told[cast.bob.user.id]) == ("January", "Januar")


@pytest.mark.parametrize("url", ["https://evil.example/", "//evil.example/", "runs/"])
def test_a_notification_leads_to_a_page_of_ours_only(cast: Cast, url: str) -> None:
    with pytest.raises(ValueError, match="page of ours"):
        tell(cast.alice, url=url)


def test_who_is_deactivated_is_told_nothing(cast: Cast) -> None:
    User.objects.filter(id=cast.bob.user.id).update(is_active=False)
    assert tell(cast.bob) == []


def test_after_half_a_year_it_is_forgotten(cast: Cast) -> None:
    tell(cast.alice, cast.bob)
    Notification.objects.filter(user=cast.alice.user).update(created_at=timezone.now() - timedelta(days=181))
    assert notifications.notifications_purge() == 1
    assert Notification.objects.get().user == cast.bob.user


# Channels


@pytest.mark.parametrize(
    ("kind", "chosen", "in_app", "email", "digest"),
    [
        ("invitation", {}, True, "due", "none"),
        ("reaction", {}, True, "none", "due"),
        ("reaction", {"email": True}, True, "due", "none"),
        ("invitation", {"email": False}, True, "none", "none"),
        ("invitation", {"email": False, "digest": True}, True, "none", "due"),
        ("reaction", {"in_app": False}, False, "none", "due"),
    ],
)
def test_each_kind_goes_by_the_channels_of_its_person(
    cast: Cast, kind: str, chosen: dict[str, bool], in_app: bool, email: str, digest: str
) -> None:
    prefer(cast.alice, kind, **chosen)
    [row] = tell(cast.alice, kind=kind)
    assert (row.in_app, row.email, row.digest) == (in_app, email, digest)
    assert unread(cast.alice) == int(in_app)


def test_who_turned_a_kind_off_everywhere_hears_nothing(cast: Cast) -> None:
    prefer(cast.alice, "reaction", in_app=False, email=False, digest=False)
    assert tell(cast.alice, kind="reaction") == []


def test_the_mail_is_sent_once(cast: Cast) -> None:
    [row] = tell(cast.alice, title="Two\nlines", text="More of it.")
    assert notifications.notification_mail(notification_id=row.id) is True
    assert notifications.notification_mail(notification_id=row.id) is False
    [sent] = mail.outbox
    assert (sent.subject, sent.to) == ("Two lines", [cast.alice.user.email])
    assert "More of it." in sent.body and "http://localhost:8000/inbox/" in sent.body
    assert "/notifications/preferences/" in sent.extra_headers["List-Unsubscribe"]


def test_a_mail_that_could_not_be_sent_is_sent_later(cast: Cast, settings: Any) -> None:
    [row] = tell(cast.alice)
    Notification.objects.filter(id=row.id).update(created_at=timezone.now() - timedelta(hours=1))
    settings.EMAIL_BACKEND = "config.email.EnvironmentBackend"
    settings.EMAIL_URL = "smtp://127.0.0.1:9"
    with pytest.raises(ConnectionRefusedError):
        notifications.notification_mail(notification_id=row.id)
    assert notifications.notifications_mail_due() == 0
    settings.EMAIL_URL = "memory://"
    assert notifications.notifications_mail_due() == 1
    assert len(mail.outbox) == 1
    assert issubclass(smtplib.SMTPException, OSError), "what the sweep relies on"


def test_a_mail_of_three_days_ago_is_too_late(cast: Cast) -> None:
    [row] = tell(cast.alice)
    Notification.objects.filter(id=row.id).update(created_at=timezone.now() - timedelta(days=3))
    assert notifications.notifications_mail_due() == 0
    row.refresh_from_db()
    assert (row.email, mail.outbox) == (Delivery.NONE, [])


# The daily summary

EIGHT_IN_BERLIN = datetime(2026, 7, 1, 6, 0, tzinfo=UTC)


def made_at(moment: datetime) -> None:
    Notification.objects.update(created_at=moment)


def test_the_summary_comes_at_eight_where_the_person_is(cast: Cast) -> None:
    User.objects.filter(id=cast.alice.user.id).update(timezone="Europe/Berlin")
    tell(cast.alice, cast.bob, kind="reaction", key="1", title="Bob likes it")
    tell(cast.alice, kind="follow", key="2", title="Carol follows you")
    made_at(EIGHT_IN_BERLIN - timedelta(hours=3))
    assert notifications.digests_send_due(now=EIGHT_IN_BERLIN - timedelta(hours=1)) == 0
    assert notifications.digests_send_due(now=EIGHT_IN_BERLIN) == 1
    assert notifications.digests_send_due(now=EIGHT_IN_BERLIN) == 0, "once"
    [sent] = mail.outbox
    assert (sent.subject, sent.to) == ("2 things happened", [cast.alice.user.email])
    assert "Bob likes it" in sent.body and "Carol follows you" in sent.body


def test_who_was_missed_gets_it_after_a_day(cast: Cast) -> None:
    tell(cast.bob, kind="reaction")
    made_at(EIGHT_IN_BERLIN - timedelta(hours=25))
    assert notifications.digests_send_due(now=EIGHT_IN_BERLIN) == 1


def test_what_was_read_is_in_no_summary(cast: Cast) -> None:
    [row] = tell(cast.bob, kind="reaction")
    notifications.notification_update(notification=row, changes={"read": True})
    made_at(EIGHT_IN_BERLIN - timedelta(hours=25))
    assert notifications.digests_send_due(now=EIGHT_IN_BERLIN) == 0
    assert mail.outbox == [] and not Notification.objects.filter(digest=Delivery.DUE).exists()


# The API


def test_the_list_is_as_the_contract_says(cast: Cast) -> None:
    [row] = tell(cast.alice, text="More", workspace_id=cast.alice.workspace_id)
    answer = cast.alice.api.get("notifications").json()
    assert answer["results"][0] == {
        "id": str(row.id), "kind": "invitation", "title": "Alice invited you", "text": "More", "url": "/inbox/", "read": False,
        "snoozed_until": None, "workspace_id": str(cast.alice.workspace_id), "created_at": answer["results"][0]["created_at"],
    }  # fmt: skip


def test_another_workspaces_news_stay_there(cast: Cast) -> None:
    personal = cast.bob.user.personal_workspace.id
    [there] = tell(cast.bob, key="there", workspace_id=personal)
    tell(cast.bob, key="anywhere")
    assert cast.bob.api.get("notifications/").json()["count"] == 1
    assert cast.bob.api.get(f"notifications/{there.id}/").status_code == 404
    assert cast.bob.api.post("notifications/read-all/").json() == {"read": 1}
    assert Notification.objects.unread().get() == there


@pytest.mark.parametrize("method", ["GET", "PATCH"])
def test_other_peoples_notifications_do_not_exist(cast: Cast, method: str) -> None:
    [row] = tell(cast.alice)
    assert cast.bob.api.request(method, f"notifications/{row.id}/", {"read": True}).status_code == 404
    row.refresh_from_db()
    assert not row.read


def test_reading_and_unreading(cast: Cast) -> None:
    [row] = tell(cast.alice)
    assert cast.alice.api.patch(f"notifications/{row.id}/", {"read": True}).json()["read"] is True
    assert unread(cast.alice) == 0
    assert cast.alice.api.patch(f"notifications/{row.id}/", {"read": False}).json()["read"] is False
    assert cast.alice.api.patch(f"notifications/{row.id}/", {"title": "x", "user": "y"}).json()["title"] == row.title


def test_what_is_put_aside_comes_back(cast: Cast) -> None:
    [row] = tell(cast.alice)
    until = timezone.now() + timedelta(days=1)
    answer = cast.alice.api.patch(f"notifications/{row.id}/", {"snoozed_until": until.isoformat()})
    assert answer.status_code == 200
    assert cast.alice.api.get("notifications/").json()["count"] == 0
    assert cast.alice.api.get("notifications/?snoozed=true").json()["count"] == 1
    assert cast.alice.api.post("notifications/read-all/").json() == {"read": 0}
    Notification.objects.update(snoozed_until=timezone.now() - timedelta(seconds=1))
    assert unread(cast.alice) == 1


@pytest.mark.parametrize("until", ["2000-01-01T00:00:00Z", "9999-01-01T00:00:00Z", "tomorrow", 5])
def test_a_moment_that_makes_no_sense_is_refused(cast: Cast, until: object) -> None:
    [row] = tell(cast.alice)
    answer = cast.alice.api.patch(f"notifications/{row.id}/", {"snoozed_until": until})
    assert answer.status_code == 400
    assert "snoozed_until" in answer.json()["errors"]


def test_an_unknown_kind_is_no_filter(cast: Cast) -> None:
    assert cast.alice.api.get("notifications/?kind=nonsense").status_code == 400


def test_preferences_are_shown_and_changed_one_by_one(cast: Cast) -> None:
    def of(kind: str) -> dict[str, Any]:
        rows = cast.alice.api.get("notifications/preferences/").json()["results"]
        return next(row for row in rows if row["kind"] == kind)

    assert [of("invitation")[channel] for channel in ("in_app", "email", "digest")] == [True, True, False]
    answer = cast.alice.api.patch(
        "notifications/preferences/",
        {"results": [{"kind": "invitation", "email": False}, {"kind": "follow", "digest": False}]},
    )
    assert answer.status_code == 200
    assert [of("invitation")[channel] for channel in ("in_app", "email", "digest")] == [True, False, False]
    assert of("follow")["digest"] is False
    cast.alice.api.patch("notifications/preferences/", {"results": [{"kind": "invitation", "email": True}]})
    assert of("invitation")["email"] is True


@pytest.mark.parametrize(
    "body", [{}, {"results": []}, {"results": [{"kind": "nonsense", "email": True}]}, {"results": "x"}]
)
def test_preferences_that_do_not_exist_are_refused(cast: Cast, body: dict[str, Any]) -> None:
    assert cast.alice.api.patch("notifications/preferences/", body).status_code == 400


def test_the_list_takes_the_same_number_of_queries_however_long_it_is(
    cast: Cast, django_assert_num_queries: Any
) -> None:
    for number in range(15):
        tell(cast.alice, key=str(number), workspace_id=cast.alice.workspace_id)
    with django_assert_num_queries(3):
        assert cast.alice.api.get("notifications/").json()["count"] == 15


def test_sending_to_many_takes_the_same_number_of_queries(cast: Cast, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(7):
        assert len(tell(cast.alice, cast.bob, cast.carol, cast.dave)) == 4


def test_an_unknown_snooze_changes_nothing(cast: Cast) -> None:
    [row] = tell(cast.alice)
    with pytest.raises(InvalidInput):
        notifications.notification_update(
            notification=row, changes={"snoozed_until": timezone.now() - timedelta(days=1), "read": True}
        )
    row.refresh_from_db()
    assert (row.read, row.snoozed_until) == (False, None)


def test_the_newest_come_first(cast: Cast) -> None:
    first, second = tell(cast.alice, key="1")[0], tell(cast.alice, key="2")[0]
    shown = [UUID(row["id"]) for row in cast.alice.api.get("notifications/").json()["results"]]
    assert shown == [second.id, first.id]
