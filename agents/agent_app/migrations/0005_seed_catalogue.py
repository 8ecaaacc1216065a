"""The catalogue to begin with, and a row for each model that providers had as a list."""

from importlib import import_module
from typing import Any

from django.db import migrations

from config.lib.ids import uuid7


def seed(apps: Any, _schema_editor: Any) -> None:
    model = apps.get_model("agents", "CatalogueModel")
    rows = import_module("agent_app.migrations._catalogue").ROWS
    model.objects.bulk_create([model(id=uuid7(), **row.values()) for row in rows], ignore_conflicts=True)


def list_models(apps: Any, _schema_editor: Any) -> None:
    provider, row = apps.get_model("agents", "Provider"), apps.get_model("agents", "ProviderModel")
    known = provider.objects.values_list("id", "workspace_id", "model_ids", "default_model")
    row.objects.bulk_create(
        (
            row(id=uuid7(), workspace_id=workspace_id, provider_id=provider_id, model_id=model_id, position=position)
            for provider_id, workspace_id, model_ids, default_model in known.iterator()
            for position, model_id in enumerate(
                dict.fromkeys([*model_ids, *([default_model] if default_model else [])])
            )
        ),
        batch_size=1000,
        ignore_conflicts=True,
    )


def unlist_models(apps: Any, _schema_editor: Any) -> None:
    provider, row = apps.get_model("agents", "Provider"), apps.get_model("agents", "ProviderModel")
    for found in provider.objects.iterator():
        ordered = row.objects.filter(provider_id=found.id).order_by("position", "id")
        found.model_ids = list(ordered.values_list("model_id", flat=True)[:200])
        found.save(update_fields=["model_ids"])


class Migration(migrations.Migration):
    dependencies = [("agents", "0004_catalogue_and_keys")]
    operations = [
        migrations.RunPython(seed, migrations.RunPython.noop),
        migrations.RunPython(list_models, unlist_models),
    ]
