"""Secrets of tools: taken out of what a client sends, kept encrypted, put back only for the call.

Save a tool with ``credential_take`` (and check what it leaves over), answer it with ``masked``, call it with ``credential_reveal``.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from agent_app import secret_paths
from agent_app.models import Credential
from agent_app.secret_paths import Params
from agent_app.tools.registry import ToolFailed, ToolType
from community.access import Actor
from config.lib import audit
from config.lib.errors import InvalidInput
from config.lib.ids import uuid7
from config.lib.secrets import DecryptionError

_MOST_CHARACTERS = 16_000  # of one secret; a private key fits


@transaction.atomic
def credential_take(
    *, actor: Actor, kind: ToolType | tuple[str, ...], params: Mapping[str, Any], old_id: UUID | None
) -> tuple[Params, UUID | None]:
    """``params`` without their secrets, and the credential that holds them now (None where there are none).

    A masked or missing value keeps the old one, an empty one removes it. Where the address that secrets go to has changed,
    nothing old is kept for it: raises InvalidInput where a value was meant to be.
    """
    patterns = kind.secret_paths(params) if isinstance(kind, ToolType) else kind
    audience, config = (
        (kind.audience(params), kind.credential_config(params)) if isinstance(kind, ToolType) else ("", {})
    )
    given = {place: value for pattern in patterns for place, value in secret_paths.found(params, pattern).items()}
    rest = secret_paths.without(params, given)
    rows = Credential.objects.in_workspace(actor.workspace_id).select_for_update(of=("self",))
    old = rows.filter(id=old_id).first() if old_id else None
    new, kept = _sorted(given, patterns, old)
    if old is not None and old.audience != audience:
        _refuse_kept(given, kept, old)
        old, kept = None, set()
    if not (new or kept or config):
        return rest, None
    if new or old is None or kept != set(old.hints) or config != old.config:
        row = old or Credential(id=uuid7(), workspace_id=actor.workspace_id, created_by_id=actor.id)
        row.kind = kind.name if isinstance(kind, ToolType) else "other"
        values = {**_values_of(old, kept), **new}
        row.audience, row.config = audience, config
        _write(actor, row, values)
        return rest, row.id
    return rest, old.id


def credential_copy(*, actor: Actor, credential_id: UUID | str | None) -> UUID | None:
    """The same secrets for a copy of a tool in the same workspace, as a credential of its own; None where there are none.

    An account is connected for one tool: the tokens that it gave stay with that one, and the copy is connected again.
    """
    old = credentials_of(actor.workspace_id, [credential_id]).get(str(credential_id))
    if old is None:
        return None
    copied = ("kind", "audience", "config", "values_encrypted", "hints")
    row = Credential(
        id=uuid7(), workspace_id=actor.workspace_id, created_by_id=actor.id, **{name: getattr(old, name) for name in copied}
    )  # fmt: skip
    row.save(force_insert=True)
    _record(actor, "credential.copied", row, before={"credential_id": str(old.id)})
    return row.id


def needs(kind: ToolType | None, params: Mapping[str, Any], hints: Collection[str], tokens: int | None) -> str:
    """What a person still has to do before a tool can say who it is: enter its ``secrets``, connect its ``account``, or nothing.

    ``hints`` are the places of the secrets that are there; ``tokens`` is how long those of its account are, None where it has no
    credential.
    """
    if kind is None:
        return ""
    if config := kind.credential_config(params):
        if tokens is None:
            return "secrets"
        return "account" if config.get("grant") == "authorization_code" and not tokens else ""
    there = (any(secret_paths.fits(place, pattern) for place in hints) for pattern in kind.secret_paths(params))
    return "" if all(there) else "secrets"


def needs_with(kind: ToolType | None, params: Mapping[str, Any], row: Credential | None) -> str:
    return needs(kind, params, row.hints if row else {}, len(row.tokens_encrypted) if row else None)


def credentials_of(workspace_id: UUID, ids: Collection[UUID | str | None]) -> dict[str, Credential]:
    """Credentials by id, for many tools at once: one query, or none."""
    wanted = {str(each) for each in ids if each}
    rows = Credential.objects.in_workspace(workspace_id).filter(id__in=wanted) if wanted else []
    return {str(row.id): row for row in rows}


def account_of(workspace_id: UUID, credential_id: UUID | None) -> Credential | None:
    """The credential, where a person connects it with an account."""
    row = credentials_of(workspace_id, [credential_id]).get(str(credential_id))
    return row if row is not None and row.config.get("grant") == "authorization_code" else None


def masked(params: Mapping[str, Any], credential: Credential | None) -> Params:
    """``params`` as they are answered: a secret is ``{"set": true, "hint": "…abcd"}``."""
    hints = credential.hints if credential else {}
    return secret_paths.with_values(params, {place: {"set": True, "hint": hint} for place, hint in hints.items()})


def credential_reveal(*, workspace_id: UUID, credential_id: UUID | str | None, audience: str = "") -> dict[str, str]:
    """The secrets by their places, for a call to ``audience``. Raises ToolFailed where they are gone or meant for another."""
    if not credential_id:
        return {}
    return values_for(find(workspace_id, credential_id), audience)


def find(workspace_id: UUID, credential_id: UUID | str) -> Credential:
    """Raises ToolFailed where it is not there."""
    row = Credential.objects.in_workspace(workspace_id).filter(id=credential_id).first()
    if row is None:
        raise ToolFailed("The secrets of this tool are gone. Enter them again.", code="credential")
    return row


def values_for(row: Credential, audience: str) -> dict[str, str]:
    """The values, for a call to ``audience``. Raises ToolFailed."""
    if row.audience and row.audience != audience:
        raise ToolFailed(
            "The secrets of this tool were entered for another address. Enter them again.", code="credential"
        )
    try:
        return row.values
    except DecryptionError as error:
        text = "The secrets of this tool cannot be decrypted on this installation. Enter them again."
        raise ToolFailed(text, code="credential") from error


def _sorted(
    given: Mapping[str, Any], patterns: Iterable[str], old: Credential | None
) -> tuple[dict[str, str], set[str]]:
    """New values, and the places whose old value stays. Raises InvalidInput for what is no text."""
    new: dict[str, str] = {}
    errors: dict[str, list[str]] = {}
    kept = {place for place in (old.hints if old else {}) if _is_kept(place, given, patterns)}
    for place, value in given.items():
        if value is None or _is_mask(value):
            continue
        if not isinstance(value, str) or len(value) > _MOST_CHARACTERS:
            errors[place] = [_("A secret is a text of at most %(most)d characters.") % {"most": _MOST_CHARACTERS}]
        elif value:
            new[place] = value
    if errors:
        raise InvalidInput(_("Some fields need another look."), errors=errors)
    return new, kept - new.keys()


def _is_kept(place: str, given: Mapping[str, Any], patterns: Iterable[str]) -> bool:
    """Masked, or not mentioned; a member of a group that was given without it has been taken out."""
    if place in given:
        return given[place] is None or _is_mask(given[place])
    for pattern in patterns:
        if secret_paths.fits(place, pattern):
            return not any(secret_paths.fits(other, pattern) for other in given)
    return False


def _is_mask(value: Any) -> bool:
    return isinstance(value, Mapping) and value.get("set") is True


def _refuse_kept(given: Mapping[str, Any], kept: Collection[str], old: Credential) -> None:
    """Raises InvalidInput where an old secret would have to go to a new address."""
    text = _("This was entered for %(audience)s. Enter it again for the new address.") % {"audience": old.audience}
    meant = {place: [text] for place in kept if place not in given or _is_mask(given[place])}
    if meant:
        raise InvalidInput(_("Some fields need another look."), errors=meant, code="secret_again")


def _values_of(row: Credential | None, places: Collection[str]) -> dict[str, str]:
    if row is None or not places:
        return {}
    try:
        return {place: value for place, value in row.values.items() if place in places}
    except DecryptionError as error:
        text = _("The secrets cannot be decrypted on this installation. Enter all of them again.")
        raise InvalidInput(text, code="secret_again") from error


def _write(actor: Actor, row: Credential, values: dict[str, str]) -> None:
    before = {} if row._state.adding else _shown(Credential.objects.get(id=row.id))
    row.set_values(values)
    row.save()
    _record(actor, "credential.changed" if before else "credential.created", row, before=before)


def _record(actor: Actor, action: str, row: Credential, *, before: dict[str, Any]) -> None:
    audit.record(
        audit.Entry(
            action=action, actor_id=actor.id, workspace_id=actor.workspace_id, object_type="credential", object_id=row.id,
            before=before, after=_shown(row),
        )
    )  # fmt: skip


def _shown(row: Credential) -> dict[str, Any]:
    return {"kind": row.kind, "audience": row.audience, "set": [f"{place} {hint}" for place, hint in row.hints.items()]}
