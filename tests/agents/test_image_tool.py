"""A picture is made by the provider that the workspace has, and becomes a file of the workspace."""

import base64
from typing import Any

import pytest
from django.conf import LazySettings

from agent_app.tools import registry
from agent_app.tools.image import ImageTool
from agent_app.tools.registry import ToolFailed
from community.files import storage
from community.models import StoredFile
from tests.agents.tool_world import called, definition
from tests.agents.world import KEY, make_key, make_provider
from tests.cast import Cast
from tests.fakes.media_wire import png
from tests.fakes.site import Site

PICTURE = ImageTool()
IMAGE = png("a cat")

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def site(settings: LazySettings) -> Any:
    settings.OUTBOUND_ALLOWED_HOSTS = ["127.0.0.1"]
    settings.OUTBOUND_ALLOW_LOOPBACK_PROVIDERS = True
    with Site() as site:
        settings.PROVIDER_BASE_URLS = {"stability": site.base_url}
        yield site


def test_openai_compatible_providers_make_a_picture(site: Site, cast: Cast) -> None:
    make_provider(cast.alice, f"{site.base_url}/v1", model_ids=["painter"])
    site.answers("/v1/images/generations", {"data": [{"b64_json": base64.b64encode(IMAGE).decode()}]})
    tool = definition("image", {"model": "fake/painter", "size": "1024x1024"})
    result = called(cast.bob, PICTURE, tool, {"prompt": "A cat, please!"})
    file = StoredFile.objects.get(id=result.value["file_id"])
    assert (file.name, file.mime, file.workspace_id, file.uploader_id) == (
        "a-cat-please.png", "image/png", cast.bob.workspace_id, cast.bob.user.id,
    )  # fmt: skip
    with storage.read(file.key) as stream:
        assert stream.read() == IMAGE
    assert site.last.json == {"model": "painter", "prompt": "A cat, please!", "n": 1, "size": "1024x1024"}
    assert site.last.headers["authorization"] == f"Bearer {KEY}"


def test_stability_makes_one_in_its_own_way(site: Site, cast: Cast) -> None:
    provider = make_provider(cast.alice, site.base_url, type="stability", name="stable", model_ids=["ultra"])
    site.answers("/v2beta/stable-image/generate/ultra", IMAGE, content_type="image/png")
    tool = definition("image", {"model": f"{provider.name}/ultra", "size": "1920x1080"})
    assert called(cast.bob, PICTURE, tool, {"prompt": "a\r\n--x cat"}).value["mime"] == "image/png"
    assert site.last.headers["accept"] == "image/*"
    assert b'name="aspect_ratio"\r\n\r\n16:9\r\n' in site.last.body and b"a\r\n--x cat" in site.last.body


@pytest.mark.parametrize(
    ("answer", "status", "code"),
    [
        ({"error": {"message": f"bad key {KEY}"}}, 401, "http_status"),
        ({"data": []}, 200, "malformed"),
        ({"data": [{"b64_json": "?"}]}, 200, "malformed"),
        ({"data": [{"b64_json": base64.b64encode(b"<html>").decode()}]}, 200, "malformed"),
        ({"data": [{"url": "http://169.254.169.254/x.png"}]}, 200, "address_refused"),
        ("<html>", 200, "malformed"),
    ],
)
def test_what_is_no_picture_is_told_and_nothing_is_kept(
    site: Site, cast: Cast, answer: Any, status: int, code: str
) -> None:
    make_provider(cast.alice, f"{site.base_url}/v1", model_ids=["painter"])
    site.answers("/v1/images/generations", answer, status=status)
    with pytest.raises(ToolFailed) as failed:
        called(cast.bob, PICTURE, definition("image", {"model": "fake/painter"}), {"prompt": "x"})
    assert failed.value.code == code and KEY not in failed.value.message
    assert not StoredFile.objects.exists()


def test_whoever_may_not_keep_files_makes_none(site: Site, cast: Cast) -> None:
    make_provider(cast.alice, f"{site.base_url}/v1", model_ids=["painter"])
    site.answers("/v1/images/generations", {"data": [{"b64_json": base64.b64encode(IMAGE).decode()}]})
    with pytest.raises(ToolFailed) as failed:
        called(cast.dave, PICTURE, definition("image", {"model": "fake/painter"}), {"prompt": "x"})
    assert failed.value.code == "no_key" and site.seen == []


def test_only_models_that_are_there_can_be_chosen(cast: Cast) -> None:
    make_key(cast.alice, type="anthropic")
    for model in ("nobody/painter", "anthropic/claude-sonnet-4-5"):
        assert list(registry.params_problems(PICTURE, cast.bob.workspace_id, {"model": model})) == ["model"]
