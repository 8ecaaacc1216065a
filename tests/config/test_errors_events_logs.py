"""The kernel's errors, its after-commit bus and its log lines."""

import json
import logging
from dataclasses import dataclass
from uuid import UUID

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.http import Http404
from rest_framework import exceptions

from config.lib import errors, events, http, logs
from config.lib.logs import JsonFormatter


@dataclass(frozen=True)
class Happened:
    what: str


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (errors.Conflict(code="stale"), 409, "stale"),
        (exceptions.ValidationError({"a": ["no"]}), 400, "invalid"),
        (exceptions.NotAuthenticated(), 401, "unauthenticated"),
        (exceptions.MethodNotAllowed("PUT"), 405, "method_not_allowed"),
        (exceptions.UnsupportedMediaType("text/csv"), 415, "unsupported_media_type"),
        (Http404(), 404, "not_found"),
        (PermissionDenied(), 403, "forbidden"),
        (ValidationError({"a": ["no"]}), 400, "invalid"),
    ],
)
def test_every_error_has_one_document(error: Exception, status: int, code: str) -> None:
    meant = http.as_app_error(error)
    assert meant is not None
    document = meant.problem()
    assert (document["status"], document["code"]) == (status, code)
    assert document.keys() >= {"type", "title", "detail", "errors"}


def test_a_fault_of_ours_is_nobodys_request() -> None:
    assert http.as_app_error(ZeroDivisionError()) is None


def test_field_messages_and_more_members_are_kept() -> None:
    document = errors.InvalidInput(errors={"name": ["Too long."]}, run_id="7").problem()
    assert (document["errors"], document["run_id"]) == ({"name": ["Too long."]}, "7")


@pytest.mark.parametrize(
    "body", [b"{", b'{"a": NaN}', b"\xff", b"[" * 201 + b"]" * 201, b'{"a":' * 300 + b"1" + b"}" * 300]
)
def test_what_is_no_json_or_could_not_be_written_again_is_refused(body: bytes) -> None:
    with pytest.raises(errors.InvalidInput):
        http.parse_json(body)


def test_much_json_is_not_deep() -> None:
    body = b"[" + b'{"a": []},' * 1000 + b"[]]"
    assert len(http.parse_json(body)) == 1001
    assert http.parse_json(b"[" * 200 + b"]" * 200)


def test_a_digest_does_not_see_the_order_of_keys() -> None:
    assert http.digest({"a": 1, "b": 2}) == http.digest({"b": 2, "a": 1}) != http.digest({"a": 1})


@pytest.mark.django_db(transaction=True)
def test_events_are_delivered_after_the_commit_only() -> None:
    heard: list[Happened] = []
    events.subscribe(Happened, heard.append)
    with transaction.atomic():
        events.publish(Happened("kept"))
        assert heard == []
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        events.publish(Happened("undone"))
        raise ZeroDivisionError
    assert heard == [Happened("kept")]


def test_a_log_line_is_json_with_the_ids_of_what_goes_on() -> None:
    record = logging.makeLogRecord({"name": "x", "levelname": "INFO", "msg": "hello %s", "args": ("you",), "run": 7})
    token = logs.request_id.set("req-1")
    try:
        line = json.loads(JsonFormatter().format(record))
    finally:
        logs.request_id.reset(token)
    assert (line["message"], line["level"], line["request_id"], line["run"]) == ("hello you", "INFO", "req-1", 7)
    assert "\n" not in JsonFormatter().format(record)


def test_an_integer_that_a_model_made_too_large_is_answered_all_the_same() -> None:
    assert http.dumps({"output": 10**308, "at": UUID(int=0)}).startswith(b'{"output": 1000')
