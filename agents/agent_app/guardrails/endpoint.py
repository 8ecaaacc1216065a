"""``endpoint``: asks an address of the builder's, with a signed request through the egress guard.

``POST {"guardrail", "stage", "text", "run_id", "agent_id"}`` with ``X-Troupe-Timestamp`` and, where there is a secret,
``X-Troupe-Signature: v1=<hex of HMAC-SHA256(secret, "<timestamp>.<body>")>``; the answer is
``{"tripwire_triggered", "output_info"?, "override_message"?}``.
"""

import hashlib
import hmac
import time
from typing import Any, ClassVar
from uuid import UUID

import orjson
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from agent_app.credentials import credential_reveal
from agent_app.guardrails import wire
from agent_app.guardrails.registry import (
    ON_ERROR,
    AskingKind,
    CheckContext,
    CheckFailed,
    CheckRefused,
    Config,
    Problems,
)
from agent_app.guardrails.verdict import Verdict
from agent_app.json_schemas import Schema
from agent_app.tools import egress
from agent_app.tools.egress import Outgoing
from agent_app.tools.registry import ToolFailed
from config.lib import outbound
from config.lib.db import in_db
from config.lib.errors import InvalidInput

_SECONDS = 10
_MOST_MESSAGE = 10_000


class Endpoint(AskingKind):
    name = "endpoint"
    label = gettext_lazy("Webhook")
    summary = gettext_lazy("Asks your own endpoint, with a signed request.")
    icon = "globe"
    secrets = ("secret",)
    properties: ClassVar[Schema] = {
        "endpoint": {"type": "string", "minLength": 8, "maxLength": 2000, "title": gettext_lazy("Address")},
        "timeout_s": {"type": "integer", "minimum": 1, "maximum": 30, "title": gettext_lazy("Longest time, seconds")},
        **ON_ERROR,
    }
    required = ("endpoint",)

    def problems(self, workspace_id: UUID, config: Config) -> Problems:
        try:
            outbound.check_url(config["endpoint"])
        except InvalidInput as error:
            return {"endpoint": [str(error.detail)]}
        return {}

    async def verdict(self, text: str, config: Config, context: CheckContext) -> Verdict:
        body = orjson.dumps(
            {
                "guardrail": context.name, "stage": context.stage, "text": text,
                "run_id": str(context.run_id) if context.run_id else None,
                "agent_id": str(context.agent_id) if context.agent_id else None,
            }
        )  # fmt: skip
        headers = signed(body, await in_db(_secret, context), int(time.time()))
        wanted = Outgoing(method="POST", url=config["endpoint"], headers=headers, body=body, follow=False)
        seconds = float(config.get("timeout_s") or _SECONDS)
        try:
            answer = await egress.send(wanted, budget=context.outbound, timeout_s=seconds, most=wire.MOST_ANSWER)
        except ToolFailed as error:
            why = CheckRefused if error.code == "outbound_limit" else CheckFailed
            raise why(error.message) from error
        if answer.status != 200:
            raise CheckFailed(_("It was answered with the status %(status)d.") % {"status": answer.status})
        return judged(answer.body)


def signed(body: bytes, secret: str, now: int) -> dict[str, str]:
    """The headers of a request at the time ``now``."""
    headers = {"Content-Type": "application/json", "Accept": "application/json", "X-Troupe-Timestamp": str(now)}
    if secret:
        digest = hmac.new(secret.encode(), f"{now}.".encode() + body, hashlib.sha256).hexdigest()
        headers["X-Troupe-Signature"] = f"v1={digest}"
    return headers


def _secret(context: CheckContext) -> str:
    try:
        found = credential_reveal(workspace_id=context.workspace_id, credential_id=context.credential_id)
    except ToolFailed as error:
        raise CheckFailed(_("The secret of this guardrail cannot be read. Enter it again.")) from error
    return found.get("secret", "")


def judged(said: bytes | Any) -> Verdict:
    """What an answer says; also of code that answers the same object. Raises CheckFailed where it is no verdict."""
    try:
        answer = orjson.loads(said) if isinstance(said, bytes) else said
    except orjson.JSONDecodeError as error:
        raise CheckFailed(_("It answered something that is no JSON.")) from error
    triggered = answer.get("tripwire_triggered") if isinstance(answer, dict) else None
    if not isinstance(triggered, bool):
        raise CheckFailed(_("It answered without “tripwire_triggered”, which is true or false."))
    message = answer.get("override_message")
    if message is not None and not isinstance(message, str):
        raise CheckFailed(_("Its “override_message” is no text."))
    return Verdict(
        tripped=triggered, message=(message or "")[:1000], info=answer.get("output_info"),
        replacement=message[:_MOST_MESSAGE] if message else None,
    )  # fmt: skip
