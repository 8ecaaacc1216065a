"""The bell, the notifications, the preferences and the inbox, as pages."""

from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from community.models import InboxDismissal, Notification
from tests.agents.page_world import HTMX, make_world
from tests.cast import Cast
from tests.community.test_notifications import tell

PAGES = ["/notifications/", "/notifications/preferences/", "/inbox/"]


@pytest.mark.parametrize("path", PAGES)
def test_every_page_opens_empty_and_as_a_fragment(cast: Cast, path: str) -> None:
    browser = cast.alice.browser()
    assert browser.get(path).status_code == 200
    assert browser.get(path, headers=HTMX).status_code == 200


def test_the_bell_says_how_many_are_unread(cast: Cast) -> None:
    browser = cast.alice.browser()
    assert 'data-live-badge="notifications" hidden' in browser.get("/inbox/").content.decode()
    tell(cast.alice, key="1")
    tell(cast.alice, key="2")
    page = browser.get("/inbox/").content.decode()
    assert 'data-live-badge="notifications">2</span>' in page


def test_the_list_escapes_what_others_wrote(cast: Cast) -> None:
    tell(cast.alice, title="<script>alert(1)</script>", text="<b>bold</b>")
    page = cast.alice.browser().get("/notifications/").content.decode()
    assert "&lt;script&gt;alert(1)" in page and "<b>bold" not in page


def test_opening_one_reads_it_and_leads_on(cast: Cast) -> None:
    [row] = tell(cast.alice, url="/runs/")
    answer = cast.alice.browser().post(reverse("notification_open", args=[row.id]))
    assert (answer.status_code, answer["Location"]) == (302, "/runs/")
    row.refresh_from_db()
    assert row.read


def test_opening_one_of_another_workspace_goes_there(cast: Cast) -> None:
    personal = cast.bob.user.personal_workspace.id
    [row] = tell(cast.bob, url="/runs/", workspace_id=personal)
    cast.bob.browser().post(reverse("notification_open", args=[row.id]))
    cast.bob.user.refresh_from_db()
    assert cast.bob.user.current_workspace_id == personal


def test_who_has_left_that_workspace_is_told(cast: Cast) -> None:
    [row] = tell(cast.bob, url="/runs/", workspace_id=cast.dave.workspace_id)
    answer = cast.bob.browser().post(reverse("notification_open", args=[row.id]), follow=True)
    assert "no longer a member" in answer.content.decode()


@pytest.mark.parametrize("do", ["read", "unread", "tomorrow", "next_week", "unsnooze"])
def test_the_menu_does_what_it_says(cast: Cast, do: str) -> None:
    [row] = tell(cast.alice)
    assert cast.alice.browser().post(reverse("notification_change", args=[row.id]), {"do": do}).status_code == 302
    row.refresh_from_db()
    assert row.read == (do == "read")
    assert (row.snoozed_until is not None and row.snoozed_until > timezone.now()) == (do in ("tomorrow", "next_week"))


def test_the_menu_does_nothing_else(cast: Cast) -> None:
    [row] = tell(cast.alice)
    browser = cast.alice.browser()
    assert browser.post(reverse("notification_change", args=[row.id]), {"do": "delete"}).status_code == 400
    assert browser.get(reverse("notification_change", args=[row.id])).status_code == 405


@pytest.mark.parametrize("name", ["notification_open", "notification_change"])
def test_other_peoples_notifications_do_not_exist(cast: Cast, name: str) -> None:
    [row] = tell(cast.alice)
    assert cast.bob.browser().post(reverse(name, args=[row.id]), {"do": "read"}).status_code == 404
    assert Notification.objects.unread().count() == 1


def test_all_are_read_at_once_in_every_workspace(cast: Cast) -> None:
    tell(cast.bob, key="1", workspace_id=cast.bob.user.personal_workspace.id)
    tell(cast.bob, key="2")
    cast.bob.browser().post(reverse("notifications_read_all"))
    assert not Notification.objects.unread().exists()


def test_the_filters_choose(cast: Cast) -> None:
    tell(cast.alice, kind="follow", key="1", title="Carol follows you")
    tell(cast.alice, kind="invitation", key="2", title="Come in")
    browser = cast.alice.browser()
    page = browser.get("/notifications/?kind=follow&show=unread", headers=HTMX).content.decode()
    assert "Carol follows you" in page and "Come in" not in page
    Notification.objects.update(read_at=timezone.now())
    assert "Nothing fits" in browser.get("/notifications/?show=unread").content.decode()


def test_the_switches_are_saved(cast: Cast) -> None:
    browser = cast.alice.browser()
    browser.post("/notifications/preferences/", {"on": ["follow:in_app", "follow:email", "nonsense:email"]})
    page = browser.get("/notifications/preferences/").content.decode()
    assert page.count(" checked") == 2
    assert tell(cast.alice, kind="reaction") == []


# The inbox


def test_a_failed_run_waits_for_who_started_it_until_it_is_put_away(cast: Cast) -> None:
    run = make_world(cast.alice, status="failed").run
    browser = cast.alice.browser()
    page = browser.get("/inbox/").content.decode()
    assert "Refund specialist failed" in page and "The provider said no." in page
    assert 'data-live-badge="inbox">1</span>' in page
    assert "Nothing waits for you" in cast.bob.browser().get("/inbox/").content.decode()
    assert browser.post("/inbox/dismiss/", {"kind": "failed_run", "id": run.id}).status_code == 302
    assert "Nothing waits for you" in browser.get("/inbox/").content.decode()
    assert browser.post("/inbox/dismiss/", {"kind": "failed_run", "id": run.id}).status_code == 404


def test_the_api_gives_the_same(cast: Cast) -> None:
    run = make_world(cast.alice, status="failed").run
    [item] = cast.alice.api.get("inbox").json()["results"]
    assert {name: item[name] for name in ("id", "kind", "title", "url", "due_at", "dismissible")} == {
        "id": str(run.id), "kind": "failed_run", "title": "Refund specialist failed", "url": f"/runs/{run.id}/", "due_at": None,
        "dismissible": True,
    }  # fmt: skip
    assert item["actions"] == [
        {"name": "look", "label": "Look", "method": "GET", "url": f"/api/v1/runs/{run.id}/", "body": {}}
    ]
    assert cast.alice.api.post("inbox/dismiss/", {"kind": "failed_run", "id": str(run.id)}).status_code == 204
    assert cast.alice.api.get("inbox/").json() == {"count": 0, "next": None, "previous": None, "results": []}


@pytest.mark.parametrize(("kind", "who"), [("nonsense", "alice"), ("failed_run", "bob"), ("failed_run", "dave")])
def test_only_ones_own_items_are_put_away(cast: Cast, kind: str, who: str) -> None:
    run = make_world(cast.alice, status="failed").run
    answer = getattr(cast, who).api.post("inbox/dismiss/", {"kind": kind, "id": str(run.id)})
    assert answer.status_code == 404
    assert not InboxDismissal.objects.exists()


def test_succeeded_runs_wait_for_nobody(cast: Cast) -> None:
    make_world(cast.alice, status="succeeded")
    assert cast.alice.api.get("inbox/").json()["count"] == 0


def test_the_inbox_takes_the_same_number_of_queries_however_long_it_is(
    cast: Cast, django_assert_num_queries: Any
) -> None:
    for _ in range(12):
        make_world(cast.alice, status="failed")
    with django_assert_num_queries(5):  # the actor, three sources, and how much the one has that has more
        answer = cast.alice.api.get("inbox/?limit=5&offset=5").json()
    assert (answer["count"], len(answer["results"])) == (12, 5)
    assert "offset=10" in answer["next"]
    assert cast.alice.api.get("inbox/?kind=approval").json()["count"] == 0
