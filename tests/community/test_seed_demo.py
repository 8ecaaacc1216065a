"""``manage.py seed_demo``"""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from pytest_django import DjangoAssertNumQueries, Settings

from community.access import Actor
from community.models import User, Workspace
from community.registry import demo_seeders

pytestmark = pytest.mark.django_db


def seed() -> str:
    out = StringIO()
    call_command("seed_demo", stdout=out)
    return out.getvalue()


def test_it_prints_a_sign_in_that_works_and_seeds_once(settings: Settings) -> None:
    assert seed() == seed() == f"Demo sign-in: demo@troupe.local / {settings.DEMO_PASSWORD}\n"
    demo = User.objects.get(email="demo@troupe.local")
    assert demo.check_password(settings.DEMO_PASSWORD)
    assert Workspace.objects.filter(personal_of=demo).count() == 1


def test_apps_add_their_own_content(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Actor] = []
    monkeypatch.setattr("community.registry.demo_seeders", demo_seeders)
    demo_seeders.append(seen.append)
    try:
        seed()
    finally:
        demo_seeders.remove(seen.append)
    assert [(actor.user.email, actor.role) for actor in seen] == [("demo@troupe.local", "owner")]


def test_a_second_time_is_cheap(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    seed()
    own = list(demo_seeders)
    demo_seeders.clear()
    try:
        with django_assert_num_queries(3):
            seed()
    finally:
        demo_seeders.extend(own)


def test_it_refuses_in_production(settings: Settings) -> None:
    settings.DEMO_PASSWORD = ""
    with pytest.raises(CommandError):
        seed()
    assert not User.objects.exists()
