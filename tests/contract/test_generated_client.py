"""A client generated from the schema, and nothing else, signs in, makes a token and lists agents."""

import importlib
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.benchmarks.stack import PASSWORD, Person, Stack

PACKAGE = "troupe_generated_client"


@pytest.fixture(scope="module")
def client(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Any:
    directory: Path = tmp_path_factory.mktemp("client")
    document = directory / "schema.json"
    document.write_text(requests.get(f"{stack.base_url}/api/schema/?format=json", timeout=60).text)
    generator = Path(sys.executable).parent / "openapi-python-client"
    target = directory / PACKAGE
    done = subprocess.run(
        [generator, "generate", "--path", document, "--meta", "none", "--output-path", target],
        capture_output=True, text=True, check=False, timeout=600,
    )  # fmt: skip
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    assert "Unable to" not in said, said  # an operation or a model it could not express
    sys.path.insert(0, str(directory))
    yield importlib.import_module(PACKAGE)
    sys.path.remove(str(directory))


def module(name: str) -> Any:
    return importlib.import_module(f"{PACKAGE}.{name}")


def test_it_signs_in_makes_a_token_and_lists_agents(client: Any, stack: Stack, alice: Person) -> None:
    models, visitor = module("models"), client.Client(base_url=stack.base_url)
    credentials = models.LoginInputRequest(email=alice.email, password=PASSWORD)
    session = module("api.people.auth_login").sync(client=visitor, body=credentials)
    assert session.user.email == alice.email

    person = client.AuthenticatedClient(base_url=stack.base_url, token=session.access)
    wanted = models.ApiTokenInputRequest(name="Generated", scopes=[models.Scope.AGENTSREAD, models.Scope.AGENTSWRITE])
    made = module("api.people.tokens_create").sync(client=person, body=wanted)
    assert made.token.startswith("trp_")

    program = client.AuthenticatedClient(base_url=stack.base_url, token=made.token)
    agent = module("api.agents.agents_create").sync(client=program, body=models.AgentInputRequest(name="Porter"))
    page = module("api.agents.agents_list").sync(client=program, search="porter")
    assert (page.count, page.results[0].id, page.results[0].name) == (1, agent.id, "Porter")

    refused = module("api.runs.runs_list").sync(client=program)
    assert (type(refused).__name__, refused.code) == ("Problem", "scope")
    wrong = models.LoginInputRequest(email=alice.email, password="not it")
    assert module("api.people.auth_login").sync(client=visitor, body=wrong).code == "invalid_credentials"
