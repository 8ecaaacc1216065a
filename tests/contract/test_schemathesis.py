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


class Things(dict[str, str]):
    """Objects of a person by the names of path parameters, so that requests find something. Made when first named."""

    def __init__(self, person: Person) -> None:
        super().__init__()
        self.person = person

    def __missing__(self, name: str) -> str:
        if make := getattr(self, f"_{name}", None):
            self[name] = made = str(make())
            return made
        raise KeyError(name)

    def into(self, parameters: dict[str, Any]) -> None:
        """Let the parameters name what there is."""
        parameters.update({name: self[name] for name in parameters if name in self or hasattr(self, f"_{name}")})

    def _workspace_id(self) -> object:
        return self.person.create("/workspaces/", {"name": "Office"})["id"]

    def _user_id(self) -> object:
        return self.person.request("GET", "/users/me/", expect=200).json()["id"]

    def _invitation_id(self) -> object:
        invitation = {"email": "guest@example.com", "role": "viewer"}
        return self.person.create(f"/workspaces/{self['workspace_id']}/invitations/", invitation)["id"]

    def _token_id(self) -> object:
        return self.person.create("/tokens/", {"name": "Robot", "scopes": ["runs:read"]})["id"]

    def _provider_id(self) -> object:
        return self.person.provider("http://127.0.0.1:9/v1", ["m"])["id"]

    def _agent_id(self) -> object:
        assert self["provider_id"]
        return self.person.agent("fake/m")

    def _run_id(self) -> object:
        body, headers = {"message": "Hello"}, {"Prefer": "respond-async"}
        run = self.person.request("POST", f"/agents/{self['agent_id']}/run/", body, 202, headers=headers).json()
        self.person.request("POST", f"/runs/{run['run_id']}/cancel/", {}, 200)  # else its events would be waited for
        self["conversation_id"] = run["conversation_id"]
        return run["run_id"]

    def _conversation_id(self) -> object:
        assert self["run_id"]
        return self["conversation_id"]


@pytest.fixture(scope="module")
def reader(stack: Stack) -> Things:
    """Of somebody for whom all operations that change nothing are tried; lists have something to show."""
    things = Things(stack.register("Reader"))
    assert all(things[name] for name in ("run_id", "invitation_id", "token_id"))
    return things


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.label)
def test_every_operation_answers_as_the_schema_says(operation: Any, stack: Stack, reader: Things) -> None:
    # Whoever changes something is a person of their own: some operations end sign-ins.
    things = reader if operation.label.startswith("GET ") else Things(stack.register(f"Person{uuid4().hex[:12]}"))

    @BOUNDED
    @given(case=operation.as_strategy())
    def answers(case: Any) -> None:
        case.headers.pop("X-Workspace", None)  # else nearly every answer were that there is no such workspace
        things.into(case.path_parameters)
        if operation.label.startswith("POST") and operation.label.endswith("/run/"):
            waits_for_nobody(case)
        response = case.call(base_url=stack.base_url, headers=things.person.headers, timeout=60)
        case.validate_response(response, checks=CHECKS)

    answers()


def test_the_schema_that_is_served_is_the_one_that_is_tried(stack: Stack) -> None:
    served = requests.get(f"{stack.base_url}/api/schema/?format=json", timeout=60).json()
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
