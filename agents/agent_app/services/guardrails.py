"""Writing guardrails: what of them is secret."""

from typing import Any

from agent_app.credentials import credential_take
from agent_app.guardrails import registry
from community.access import Actor
from config.lib.errors import InvalidInput

Part = dict[str, Any]


def guardrail_secrets_take(*, actor: Actor, parts: list[Part], old: list[Part]) -> None:
    """Move the secrets of guardrails into credentials, in place. A masked or missing value keeps what the old one has."""
    known = {part["id"]: part for part in old}
    for part in parts:
        kind = registry.get(part["implementation"]) if registry.known(part["implementation"]) else None
        if kind is None or not kind.secrets:
            part["credential_id"] = None
            continue
        before = known.get(part["id"]) or {}
        kept = part["credential_id"] or before.get("credential_id")
        if before and not _same(before, part):
            kept = None
        try:
            part["config"], credential = credential_take(
                actor=actor, kind=kind.secrets, params=part["config"], old_id=kept
            )
        except InvalidInput as error:
            found = [f"{part['name']}: {place}: {why}" for place, whys in error.errors.items() for why in whys]
            raise InvalidInput(error.detail, errors={"guardrails": found or [error.detail]}) from error
        part["credential_id"] = str(credential) if credential else None


def _same(before: Part, part: Part) -> bool:
    """A secret stays with the address that it was entered for."""
    if before.get("implementation") != part["implementation"]:
        return False
    return bool(before["config"].get("endpoint") == part["config"].get("endpoint"))
