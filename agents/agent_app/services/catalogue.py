"""The catalogue, changed by staff."""

from typing import Any
from uuid import UUID

from django.db import transaction
from django.forms.models import model_to_dict

from agent_app.models import CatalogueModel
from config.lib import audit


@transaction.atomic
def catalogue_model_save(*, model: CatalogueModel, actor_id: UUID) -> CatalogueModel:
    """Save a new or changed entry. Runs that are under way keep the price they were held at."""
    model.full_clean()
    before = CatalogueModel.objects.filter(id=model.id).first()
    model.save()
    _record("catalogue.model_saved", actor_id, model, _shown(before) if before else {}, _shown(model))
    return model


@transaction.atomic
def catalogue_model_delete(*, model: CatalogueModel, actor_id: UUID) -> None:
    """Remove an entry: agents of workspaces without a provider for it cannot answer any more, and say so."""
    _record("catalogue.model_deleted", actor_id, model, _shown(model), {})
    model.delete()


def _shown(model: CatalogueModel) -> dict[str, Any]:
    return {name: value if isinstance(value, dict) else str(value) for name, value in model_to_dict(model).items()}


def _record(action: str, actor_id: UUID, model: CatalogueModel, before: dict[str, Any], after: dict[str, Any]) -> None:
    audit.record(
        audit.Entry(
            action=action, actor_id=actor_id, workspace_id=None, object_type="catalogue_model", object_id=model.id,
            before=before, after=after,
        )
    )  # fmt: skip
