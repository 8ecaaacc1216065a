"""The schema tells the truth: generated requests to every operation are answered as it says, and never by a fault of ours."""

import json
from typing import Any
from uuid import uuid4

import pytest
import requests
import schemathesis
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.benchmarks.stack import Person, Stack

CHECKS = [
    not_a_server_error, status_code_conformance, content_type_conformance, response_headers_conformance,
    response_schema_conformance,
]  # fmt: skip
# The same examples each time, and few of them: this is a net, not a search.
BOUNDED = settings(
    max_examples=8, derandomize=True, deadline=None, database=None, phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)  # fmt: skip

DOCUMENT = json.loads(json.dumps(SchemaGenerator().get_schema(request=None, public=True), default=str))
OPERATIONS = [found.ok() for found in schemathesis.openapi.from_dict(DOCUMENT).get_all_operations()]


def waits_for_nobody(case: Any) -> None:
    """No worker runs here, so whoever waited for an answer or a stream would wait long."""
    case.headers["Prefer"] = "respond-async"
    if isinstance(case.body, dict):
        case.body.pop("stream", None)


def things(person: Person) -> dict[str, str]:
    """Fresh objects by the names of path parameters, so that requests find something."""
    workspace = person.create("/workspaces/", {"name": "Office"})["id"]
    provider = person.provider("http://127.0.0.1:9/v1", ["m"])["id"]
    agent = person.agent("fake/m")
    run = person.request(
        "POST", f"/agents/{agent}/run/", {"message": "Hello"}, 202, headers={"Prefer": "respond-async"}
    ).json()
    person.request("POST", f"/runs/{run['run_id']}/cancel/", {}, 200)  # else its events would be waited for
    invitation = {"email": "guest@example.com", "role": "viewer"}
    return {
        "workspace_id": workspace,
        "user_id": person.request("GET", "/users/me/", expect=200).json()["id"],
        "invitation_id": person.create(f"/workspaces/{workspace}/invitations/", invitation)["id"],
        "token_id": person.create("/tokens/", {"name": "Robot", "scopes": ["runs:read"]})["id"],
        "agent_id": agent,
        "provider_id": provider,
        "run_id": run["run_id"],
        "conversation_id": run["conversation_id"],
    }


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.label)
def test_every_operation_answers_as_the_schema_says(operation: Any, stack: Stack) -> None:
    person = stack.register(f"Person{uuid4().hex[:12]}")  # of its own: some operations end sign-ins
    ids = things(person)

    @BOUNDED
    @given(case=operation.as_strategy())
    def answers(case: Any) -> None:
        case.headers.pop("X-Workspace", None)  # else nearly every answer were that there is no such workspace
        case.path_parameters.update({name: ids[name] for name in case.path_parameters if name in ids})
        if operation.label.startswith("POST") and operation.label.endswith("/run/"):
            waits_for_nobody(case)
        response = case.call(base_url=stack.base_url, headers=person.headers, timeout=30)
        case.validate_response(response, checks=CHECKS)

    answers()


def test_the_schema_that_is_served_is_the_one_that_is_tried(stack: Stack) -> None:
    served = requests.get(f"{stack.base_url}/api/schema/?format=json", timeout=30).json()
    assert served == DOCUMENT


def test_every_operation_says_how_it_fails() -> None:
    operations = {
        f"{method.upper()} {path}": operation
        for path, methods in DOCUMENT["paths"].items()
        for method, operation in methods.items()
        if method in ("get", "post", "put", "patch", "delete")
    }
    assert len(operations) > 40
    assert [name for name, found in operations.items() if not {"400", "429"} <= found["responses"].keys()] == []
    ids = [operation["operationId"] for operation in operations.values()]
    assert len(ids) == len(set(ids))
