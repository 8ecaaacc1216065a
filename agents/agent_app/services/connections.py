"""Connecting and disconnecting the account that a tool acts for."""

from typing import Any

from django.db import transaction
from django.utils import timezone

from agent_app.models import Credential
from agent_app.tools import oauth
from community.access import Actor
from config.lib import audit, loop


def credential_connect(*, actor: Actor, credential: Credential, code: str, redirect_uri: str, verifier: str) -> None:
    """Exchange the code that a person came back with. Raises ToolFailed with the server's words.

    Outside of a transaction: nobody waits for a stranger's server with a lock.
    """
    actor.require("agent.write")
    loop.submit(oauth.take_code(credential, code=code, redirect_uri=redirect_uri, verifier=verifier)).result()
    _record(actor, "credential.connected", credential)


@transaction.atomic
def credential_disconnect(*, actor: Actor, credential: Credential) -> None:
    """Forget the tokens; the secrets stay."""
    actor.require("agent.write")
    Credential.objects.filter(id=credential.id).update(
        tokens_encrypted="", tokens_expire_at=None, updated_at=timezone.now()
    )
    _record(actor, "credential.disconnected", credential)


def _record(actor: Actor, action: str, credential: Credential) -> None:
    after: dict[str, Any] = {"kind": credential.kind, "audience": credential.audience}
    audit.record(
        audit.Entry(
            action=action, actor_id=actor.id, workspace_id=actor.workspace_id, object_type="credential",
            object_id=credential.id, after=after,
        )
    )  # fmt: skip
