"""Whose key a call is made with: the choice, and its order. Which of them is resting is the engine's to know.

The run's or the agent's provider, then the workspace's pool, then the key of the person whose run it is, then the operator's;
the operator's first where the workspace pays with credits first. A key of a type goes to the type's own address and nowhere
else, a key of a provider to that provider: whoever may set an address must not be sent somebody else's key.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal
from uuid import UUID

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from agent_app import model_references, provider_types
from agent_app.model_references import ResolvedModel
from agent_app.models import KeyPurpose, KeyScope, Provider, ProviderKey, Run
from community.models import Workspace
from config.lib.errors import Refused
from config.lib.secrets import DecryptionError

Source = Literal["local", "provider", "workspace", "user", "platform", "none"]
_USED = timedelta(minutes=1)  # how fine "last used" is


class KeyUnreadable(Exception):
    """A key that was encrypted on another installation, or under a key that is gone."""


@dataclass(frozen=True, kw_only=True)
class ChosenKey:
    """One key to call with. ``id`` is the ProviderKey's (None: the provider's own, the operator's, or none at all)."""

    source: Source
    type: str
    id: UUID | None = None
    hint: str = ""
    row: "ProviderKey | Provider | None" = field(default=None, repr=False, compare=False)

    @property
    def own(self) -> bool:
        """Whether the workspace, or the person, pays the provider: then tokens cost no credits."""
        return self.source not in ("platform", "local")

    @property
    def breaker(self) -> str:
        """The name under which its failures are counted: the same key, whichever run uses it."""
        return f"{self.type}:{self.source}:{self.row.id if self.row else ''}"

    def secret(self) -> str:
        """The key in the clear; empty where none is needed. Raises KeyUnreadable."""
        try:
            if isinstance(self.row, ProviderKey):
                return self.row.key
            if isinstance(self.row, Provider):
                return self.row.api_key
        except DecryptionError as error:
            text = _("The key %(hint)s cannot be decrypted on this installation. Enter it again.")
            raise KeyUnreadable(text % {"hint": self.hint}) from error
        return provider_types.platform_key(self.type) if self.source == "platform" else ""


def candidates(run: Run, resolved: ResolvedModel | None = None) -> list[ChosenKey]:
    """The keys a run may call ``resolved`` with (its own model where that is left out), the best first. Empty: there is none.

    A run that was priced as paid for with its own key is never answered with the operator's, nor the other way round.
    """
    own_model = resolved is None or resolved.reference == run.model
    found = for_model(resolved or model_references.of_run(run), workspace_id=run.workspace_id, person_id=run.actor_id)
    if own_model and run.key_source:
        found = [key for key in found if key.own == (run.key_source not in ("platform", "local"))]
        found.sort(key=lambda key: (key.source, key.id) != (run.key_source, run.key_id))
    return found


def for_model(resolved: ResolvedModel, *, workspace_id: UUID, person_id: UUID | None) -> list[ChosenKey]:
    """The same for whoever asks: ``person_id`` is whose own keys may be used."""
    if resolved.local:
        return [ChosenKey(source="local", type=resolved.type)]
    credits_first = _platform(resolved) and Workspace.objects.filter(id=workspace_id, credits_first=True).exists()
    found = order(resolved, _rows(resolved, workspace_id, person_id), person_id=person_id, credits_first=credits_first)
    if not found and resolved.provider and not _typed(resolved):
        return [ChosenKey(source="none", type=resolved.type, row=resolved.provider)]
    return found


def assign(run: Run, resolved: ResolvedModel, *, required: bool = True) -> Run:
    """Note on a new run which key it begins with: it is priced by that. Raises Refused (422, ``no_key``) where it is required."""
    try:
        chosen = best(resolved, workspace_id=run.workspace_id, person_id=run.actor_id)
    except Refused:
        if required:
            raise
        return run
    run.key_source, run.key_id = chosen.source, chosen.id
    return run


def best(resolved: ResolvedModel, *, workspace_id: UUID, person_id: UUID | None) -> ChosenKey:
    """The first key of ``for_model``. Raises Refused (422, ``no_key``) where there is none."""
    found = for_model(resolved, workspace_id=workspace_id, person_id=person_id)
    if not found:
        raise Refused(missing(resolved, of_run=False), code="no_key", provider=resolved.type)
    return found[0]


def order(
    resolved: ResolvedModel, rows: Iterable[ProviderKey], *, person_id: UUID | None, credits_first: bool
) -> list[ChosenKey]:
    """The choice itself, without a query: ``rows`` are the keys that were found."""
    usable = sorted((row for row in rows if _serves(row, resolved, person_id)), key=lambda row: (row.position, row.id))
    shared = [row for row in usable if row.scope == KeyScope.WORKSPACE]
    of_provider = [_chosen("provider", row) for row in shared if row.provider_id is not None]
    if resolved.provider and resolved.provider.api_key_encrypted:
        own = resolved.provider
        of_provider.insert(0, ChosenKey(source="provider", type=own.type, hint=own.api_key_hint, row=own))
    pool = [_chosen("workspace", row) for row in shared if row.provider_id is None]
    personal = [_chosen("user", row) for row in usable if row.scope == KeyScope.USER]
    platform = [ChosenKey(source="platform", type=resolved.type)] if _platform(resolved) else []
    paid = [*of_provider, *pool, *personal]
    return [*platform, *paid] if credits_first else [*paid, *platform]


def missing(resolved: ResolvedModel, *, of_run: bool) -> str:
    """What to say where there is no key, or only one left that a run was not priced for (``of_run``)."""
    if of_run:
        return _("The key for %(provider)s that this was started with is gone.") % {"provider": resolved.label}
    text = _("There is no key for %(provider)s here. Add one under Models, or choose another model.")
    return text % {"provider": resolved.label}


def used(chosen: ChosenKey) -> None:
    """Remember that a key was used; at most one write a minute."""
    now = timezone.now()
    if chosen.row is not None and (chosen.row.last_used_at is None or chosen.row.last_used_at < now - _USED):
        rows = type(chosen.row)._default_manager.filter(id=chosen.row.id)
        rows.filter(Q(last_used_at=None) | Q(last_used_at__lt=now - _USED)).update(last_used_at=now)


def _rows(resolved: ResolvedModel, workspace_id: UUID, person_id: UUID | None) -> list[ProviderKey]:
    keys = ProviderKey.objects.in_workspace(workspace_id).filter(type=resolved.type, enabled=True)
    return list(keys.filter(purpose=KeyPurpose.MODEL).seen_by(person_id) if person_id else keys.of_workspace())


def _serves(row: ProviderKey, resolved: ResolvedModel, person_id: UUID | None) -> bool:
    """The last word on who may use a key, whatever was found."""
    if row.purpose != KeyPurpose.MODEL or not row.enabled or row.type != resolved.type:
        return False
    if row.scope == KeyScope.USER and (person_id is None or row.owner_id != person_id):
        return False
    if row.provider_id is not None:
        return resolved.provider is not None and row.provider_id == resolved.provider.id
    return _typed(resolved)


def _platform(resolved: ResolvedModel) -> bool:
    """Whether the operator has a key for it."""
    return _typed(resolved) and bool(provider_types.platform_key(resolved.type))


def _typed(resolved: ResolvedModel) -> bool:
    """Whether the model answers at its type's own address."""
    return provider_types.own_address(resolved.type, resolved.base_url)


def _chosen(source: Source, row: ProviderKey) -> ChosenKey:
    return ChosenKey(source=source, type=row.type, id=row.id, hint=row.key_hint, row=row)
