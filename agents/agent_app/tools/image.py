"""Tool type ``image``: a picture from words, by a provider that makes them; it becomes a file of the workspace."""

import asyncio
import base64
import hashlib
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar
from uuid import UUID

import aiohttp
import orjson
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from agent_app import hosted, keys, model_references
from agent_app.engine.providers import transport
from agent_app.keys import ChosenKey
from agent_app.model_references import ResolvedModel
from agent_app.tools import egress
from agent_app.tools.egress import Outgoing
from agent_app.tools.registry import (
    CallContext,
    Function,
    Params,
    Permission,
    Problems,
    ToolDefinition,
    ToolFailed,
    ToolResult,
    ToolType,
)
from community.access import get_actor
from community.files import staging
from community.files.staging import Staged
from community.models import User
from community.services.files import file_store
from config.lib.db import in_db
from config.lib.errors import AppError, Refused

MOST_PROMPT = 4000
_MOST_PICTURE = 20 * 1024 * 1024
_STABLE = {"sd3": "sd3", "ultra": "ultra", "core": "core"}
_ENDINGS = {b"\x89PNG": "png", b"\xff\xd8\xff": "jpg", b"RIFF": "webp"}


class ImageTool(ToolType):
    name = "image"
    label = gettext_lazy("Picture")
    summary = gettext_lazy("Makes a picture from words and keeps it among the files.")
    icon = "image"
    params_schema = {
        "type": "object",
        "required": ["model"],
        "properties": {
            "model": {"type": "string", "minLength": 1, "maxLength": 200, "description": "openai/gpt-image-1, stability/core…"},
            "size": {"type": "string", "pattern": "^([0-9]{2,4}x[0-9]{2,4}|auto)$", "description": "1024x1024, or auto."},
            "hosted": hosted.SETTING,
        },
        "additionalProperties": False,
    }  # fmt: skip
    permissions = frozenset({Permission.SENDS_OUT, Permission.CHANGES_STATE})
    rate: ClassVar[str] = "tool/image"
    default_timeout_s = 60

    def problems(self, workspace_id: UUID, params: Params) -> Problems:
        if params.get("hosted") == hosted.ALWAYS and hosted.image_model(params):
            return {}  # it is asked for with the agent's own model, by whose key it is paid
        try:
            resolved = model_references.resolve(workspace_id=workspace_id, reference=params["model"])
        except AppError as error:
            return {"model": [error.detail]}
        if resolved.local or resolved.type == "anthropic":
            return {"model": [_("%(provider)s makes no pictures.") % {"provider": resolved.label}]}
        return {}

    def functions(self, tool: ToolDefinition) -> list[Function]:
        schema = {
            "type": "object",
            "properties": {
                "prompt": {"type": "string", "minLength": 1, "maxLength": MOST_PROMPT, "description": "What the picture shows."}
            },
            "required": ["prompt"],
            "additionalProperties": False,
        }  # fmt: skip
        description = tool.description or "Makes a picture and answers the id of its file."
        return [Function(name=tool.name, description=description, parameters=schema, permissions=self.permissions)]

    async def call(
        self, tool: ToolDefinition, function: Function, arguments: dict[str, Any], context: CallContext
    ) -> ToolResult:
        context.outbound.spend()
        resolved, key, secret = await in_db(_chosen, context.workspace_id, context.actor_id, tool.params["model"])
        request = _asked(resolved, secret, str(arguments["prompt"]), tool.params.get("size") or "")
        picture = await _picture(resolved, request, secret, context.timeout_s)
        await in_db(keys.used, key)
        return await in_db(_kept, context, picture, str(arguments["prompt"]), resolved)


def _chosen(workspace_id: UUID, actor_id: UUID, reference: str) -> tuple[ResolvedModel, ChosenKey, str]:
    try:
        resolved = model_references.resolve(workspace_id=workspace_id, reference=reference)
        found = keys.for_model(resolved, workspace_id=workspace_id, person_id=actor_id)
        # Pictures have no price here, so the operator's key is not spent on them.
        key = next((each for each in found if each.own), None)
        if key is None:
            raise Refused(keys.missing(resolved, of_run=False))
        return resolved, key, key.secret()
    except (AppError, keys.KeyUnreadable) as error:
        raise ToolFailed(str(error), code="no_key") from error


def _asked(resolved: ResolvedModel, secret: str, prompt: str, size: str) -> Outgoing:
    base = resolved.base_url.rstrip("/")
    headers = {"Authorization": f"Bearer {secret}"} if secret else {}
    if resolved.api == "images":  # Stability's
        path = (
            f"/v2beta/stable-image/generate/{_STABLE.get(resolved.model.partition('.')[0].partition('-')[0], 'core')}"
        )
        body, kind = _multipart({"prompt": prompt, "output_format": "png", **_ratio(size)})
        return Outgoing(
            method="POST",
            url=base + path,
            headers={**headers, "Accept": "image/*", "Content-Type": kind},
            body=body,
        )
    wanted: dict[str, Any] = {"model": resolved.model, "prompt": prompt, "n": 1} | ({"size": size} if size else {})
    if resolved.model.startswith("dall-e"):
        wanted["response_format"] = "b64_json"
    headers |= {"Content-Type": "application/json"}
    return Outgoing(method="POST", url=f"{base}/images/generations", headers=headers, body=orjson.dumps(wanted))


def _ratio(size: str) -> dict[str, str]:
    """Stability takes a ratio: the nearest of those it has."""
    if "x" not in size:
        return {}
    width, height = map(int, size.split("x"))
    known = {
        "1:1": 1.0,
        "16:9": 16 / 9,
        "9:16": 9 / 16,
        "3:2": 1.5,
        "2:3": 2 / 3,
        "4:5": 0.8,
        "5:4": 1.25,
        "21:9": 21 / 9,
    }
    return {"aspect_ratio": min(known, key=lambda name: abs(known[name] - width / max(height, 1)))}


def _multipart(fields: dict[str, str]) -> tuple[bytes, str]:
    """A form as Stability wants it. The boundary is the hash of what is between, so it is not in it."""
    mark = hashlib.sha256(repr(fields).encode()).hexdigest()[:32]
    parts = [
        f'--{mark}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    ]
    return ("".join(parts) + f"--{mark}--\r\n").encode(), f"multipart/form-data; boundary={mark}"


async def _picture(resolved: ResolvedModel, request: Outgoing, secret: str, timeout_s: float) -> bytes:
    """The picture's bytes. The address is a provider's, as for models: the operator's own need no guard."""
    limit = min(timeout_s, egress.MAX_SECONDS)
    with egress.in_words(request.url, limit):
        async with (
            asyncio.timeout(limit),
            transport.session(guarded=resolved.guarded).post(
                request.url, data=request.body, headers=dict(request.headers), allow_redirects=False
            ) as response,
        ):
            body = await _whole(response)
    if response.status != 200:
        said = egress.scrub(body[:600].decode(errors="replace"), {"key": secret})
        raise ToolFailed(f"{resolved.label} answered {response.status}: {said}", code="http_status")
    if response.content_type.startswith("image/"):
        return body
    try:
        first = orjson.loads(body)["data"][0]
        if "b64_json" in first:
            return base64.b64decode(first["b64_json"], validate=True)
        answer = await egress.send(
            Outgoing(method="GET", url=str(first["url"])), budget=None, timeout_s=limit, most=_MOST_PICTURE
        )
    except (ValueError, KeyError, IndexError, TypeError) as error:
        raise ToolFailed(f"{resolved.label} answered something that is no picture.", code="malformed") from error
    return answer.body


async def _whole(response: aiohttp.ClientResponse) -> bytes:
    most = _MOST_PICTURE * 3 // 2  # as base64 it is larger
    found = b""
    async for piece in response.content.iter_any():
        found += piece
        if len(found) > most:
            raise egress.too_large(most)
    return found


def _kept(context: CallContext, picture: bytes, prompt: str, resolved: ResolvedModel) -> ToolResult:
    """As a file that the person has uploaded: their rights, the workspace's room, the scanner's word. Raises ToolFailed."""
    ending = next((ending for magic, ending in _ENDINGS.items() if picture.startswith(magic)), None)
    if ending is None:
        raise ToolFailed(f"{resolved.label} answered something that is no picture.", code="malformed")
    words = "-".join("".join(c if c.isalnum() else " " for c in prompt.lower()).split()[:6])[:60]
    try:
        actor = get_actor(User.objects.get(id=context.actor_id), context.workspace_id)
        with _staged(picture, f"{words or 'picture'}.{ending}") as staged:
            file = file_store(actor=actor, staged=staged)
    except (AppError, User.DoesNotExist) as error:
        raise ToolFailed(f"The picture could not be kept: {error}", code="file") from error
    value = {"file_id": str(file.id), "name": file.name, "mime": file.mime, "size": file.size}
    return ToolResult(value=value, details={"model": resolved.reference})


@contextmanager
def _staged(data: bytes, name: str) -> Iterator[Staged]:
    with tempfile.NamedTemporaryFile(dir=staging.directory(), delete=False) as stream:
        stream.write(data)
    path = Path(stream.name)
    try:
        yield Staged(name, path, len(data), hashlib.sha256(data).hexdigest())
    finally:
        path.unlink(missing_ok=True)
