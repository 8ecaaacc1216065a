"""An API that describes itself becomes a tool, from an address or a file, and what it changes has to be confirmed."""

import json
from io import BytesIO
from typing import Any

import pytest
from aiohttp import web
from django.conf import LazySettings
from django.core.files.uploadedfile import SimpleUploadedFile

from agent_app.tools.openapi import OpenApiTool
from agent_app.tools.registry import ToolFailed
from community.files import staging
from community.services.files import file_store
from config.lib.errors import InvalidInput, Refused
from tests.agents.tool_world import called, saved
from tests.agents.world import actor_of
from tests.cast import Cast, Person
from tests.fakes.site import Site

SECRET = "a-long-word-of-nobody-else"  # pragma: allowlist secret
API = OpenApiTool()

pytestmark = pytest.mark.django_db(transaction=True)


def described(**paths: Any) -> dict[str, Any]:
    pet = {
        "get": {
            "operationId": "getPet",
            "summary": "One pet",
            "parameters": [{"name": "id", "in": "path", "schema": {"type": "integer"}}],
        }
    }
    add = {"operationId": "addPet", "requestBody": {"content": {"application/json": {"schema": {"type": "object"}}}}}
    return {
        "openapi": "3.1.0", "info": {"title": "Pets"}, "servers": [{"url": "/api"}],
        "paths": {"/pets/{id}": pet, "/pets": {"post": add}} | paths,
    }  # fmt: skip


@pytest.fixture
def site(settings: LazySettings) -> Any:
    settings.OUTBOUND_ALLOWED_HOSTS = ["127.0.0.1"]
    with Site() as site:
        site.answers("/spec.json", described())

        async def pet(request: web.Request) -> web.Response:
            return web.json_response({"id": 7, "said": request.headers.get("X-Key")})

        site.on("/api/pets/7", pet)
        yield site


def stored(person: Person, spec: Any) -> str:
    upload = SimpleUploadedFile("spec.json", json.dumps(spec).encode())
    with staging.staged(upload) as staged:
        return str(file_store(actor=actor_of(person), staged=staged).id)


def test_chosen_operations_are_functions_that_call_the_api(site: Site, cast: Cast) -> None:
    auth = {"type": "api_key", "name": "X-Key", "value": SECRET}
    tool = saved(cast.bob, API, {"url": f"{site.base_url}/spec.json", "operations": ["getPet"], "auth": auth})
    [function] = API.functions(tool)
    assert (function.name, function.description, function.idempotent) == ("getPet", "One pet", True)
    assert SECRET not in str(tool) and tool.params["base"] == f"{site.base_url}/api"
    assert called(cast.bob, API, tool, {"id": 7}).value == {"id": 7, "said": "[redacted]"}
    assert (site.last.method, site.last.path, site.last.headers["x-key"]) == ("GET", "/api/pets/7", SECRET)


def test_without_a_choice_all_that_can_be_used_is_offered(site: Site, cast: Cast) -> None:
    tool = saved(cast.bob, API, {"url": f"{site.base_url}/spec.json"})
    assert [each.name for each in API.functions(tool)] == ["getPet", "addPet"]


def test_a_file_describes_as_well_and_another_workspaces_does_not(site: Site, cast: Cast) -> None:
    spec = described() | {"servers": [{"url": f"{site.base_url}/api"}]}
    file_id = stored(cast.bob, spec)
    tool = saved(cast.bob, API, {"file_id": file_id})
    assert called(cast.bob, API, tool, {"id": 7}, "getPet").value["id"] == 7
    for person, given in ((cast.dave, file_id), (cast.bob, "no-id")):
        with pytest.raises(InvalidInput) as refused:
            saved(person, API, {"file_id": given})
        assert "file_id" in refused.value.errors


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"url": "https://a.example/s", "file_id": "x"},
        {"url": "http://127.0.0.2/s"},
        {"url": "file:///etc/passwd"},
        {"url": 7},
    ],
)
def test_what_names_no_description_is_refused(cast: Cast, params: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        saved(cast.bob, API, params)


def test_a_description_that_leads_inside_is_refused(site: Site, cast: Cast) -> None:
    for server in ("http://169.254.169.254/", "http://localhost/", "http://[::1]/"):
        site.answers("/spec.json", described() | {"servers": [{"url": server}]})
        with pytest.raises(Refused):
            saved(cast.bob, API, {"url": f"{site.base_url}/spec.json"})
    for path in ("/none.json", "/away"):
        site.leads("/away", "http://localhost/spec.json")
        with pytest.raises(Refused):
            saved(cast.bob, API, {"url": f"{site.base_url}{path}"})


def test_what_is_not_there_cannot_be_chosen(site: Site, cast: Cast) -> None:
    with pytest.raises(InvalidInput) as refused:
        saved(cast.bob, API, {"url": f"{site.base_url}/spec.json", "operations": ["getPet", "rmPet"]})
    assert "rmPet" in str(refused.value.errors)


def test_a_changed_description_is_shown_and_changes_nothing_by_itself(site: Site, cast: Cast) -> None:
    tool = saved(cast.bob, API, {"url": f"{site.base_url}/spec.json"})
    spec = described(**{"/cats": {"get": {"operationId": "cats"}}})
    del spec["paths"]["/pets"]
    spec["paths"]["/pets/{id}"]["get"]["summary"] = "Another"
    site.answers("/spec.json", spec)
    assert [each.name for each in API.functions(tool)] == ["getPet", "addPet"]
    params, found = API.look_again(cast.bob.workspace_id, tool)
    assert [(each.key, each.kind, each.parts) for each in found] == [
        ("addPet", "removed", ()), ("cats", "added", ()), ("getPet", "changed", ("description",)),
    ]  # fmt: skip
    assert [each["key"] for each in params["functions"]] == ["getPet", "cats"]


def test_a_key_is_not_sent_to_where_the_description_leads_now(site: Site, cast: Cast) -> None:
    auth = {"type": "bearer", "token": SECRET}
    tool = saved(cast.bob, API, {"url": f"{site.base_url}/spec.json", "operations": ["getPet"], "auth": auth})
    with Site() as thief:
        site.answers("/spec.json", described() | {"servers": [{"url": f"{thief.base_url}/api"}]})
        params, found = API.look_again(cast.bob.workspace_id, tool)
        assert [each.kind for each in found] == ["server"]
        moved = type(tool)(**{**vars(tool), "params": params})
        with pytest.raises(ToolFailed, match="another address"):
            called(cast.bob, API, moved, {"id": 7})
        assert thief.seen == []


def test_pages_of_bytes_are_no_description(site: Site, cast: Cast) -> None:
    site.answers("/spec.json", BytesIO(b"\x89PNG" * 1000).read())
    with pytest.raises(Refused):
        saved(cast.bob, API, {"url": f"{site.base_url}/spec.json"})
