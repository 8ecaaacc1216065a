"""Health addresses tell a load balancer the truth."""

from typing import Any

import pytest
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client
from pytest_django import DjangoAssertNumQueries, Settings

from config.lib import redis


@pytest.mark.parametrize("path", ["/health", "/health/", "/health/live", "/health/live/"])
def test_a_living_process_answers_without_touching_anything(client: Client, path: str) -> None:
    response = client.get(path)
    assert (response.status_code, response.json()["status"]) == (200, "ok")
    assert response.json()["version"]


@pytest.mark.django_db
def test_a_ready_process_is_ready(client: Client, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    client.get("/health/ready")
    with django_assert_num_queries(2):
        response = client.get("/health/ready")
    assert (response.status_code, response.json()["problems"]) == (200, {})


@pytest.mark.django_db
def test_it_names_migrations_that_are_not_applied_or_newer_than_the_code(client: Client) -> None:
    recorder = MigrationRecorder(connection)
    recorder.record_unapplied("community", "0001_people")
    recorder.record_applied("community", "9999_from_the_future")
    recorder.record_applied("gone_app", "0001_initial")
    response = client.get("/health/ready/")
    assert response.status_code == 503
    assert response.json()["problems"] == {
        "migrations": "not applied: community.0001_people; newer than this code: community.9999_from_the_future"
    }


@pytest.fixture
def no_broker(settings: Settings) -> Any:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    redis.client.cache_clear()
    yield
    redis.client.cache_clear()


@pytest.mark.django_db
@pytest.mark.usefixtures("no_broker")
def test_it_names_a_broker_that_does_not_answer(client: Client) -> None:
    response = client.get("/health/ready/")
    assert (response.status_code, response.json()["problems"]) == (503, {"broker": "does not answer"})
