"""Which models run tools of their own: OpenAI's that see and are asked by its Responses, but for the oldest and the smallest."""

from typing import Any

from django.db import migrations


def say(apps: Any, schema_editor: Any) -> None:
    models = apps.get_model("agents", "CatalogueModel").objects.filter(provider="openai")
    for model in models:
        can = model.capabilities
        if not can.get("responses_api") or "hosted_tools" in can:
            continue
        old = model.model_id.startswith(("o1", "o3-mini", "gpt-4-", "gpt-3")) or model.model_id == "gpt-4"
        model.capabilities = {
            **can,
            "hosted_tools": bool(can.get("vision")) and not old and "nano" not in model.model_id,
        }
        model.save(update_fields=["capabilities"])


def unsay(apps: Any, schema_editor: Any) -> None:
    for model in apps.get_model("agents", "CatalogueModel").objects.filter(provider="openai"):
        model.capabilities.pop("hosted_tools", None)
        model.save(update_fields=["capabilities"])


class Migration(migrations.Migration):
    dependencies = [("agents", "0021_agent_limits")]

    operations = [migrations.RunPython(say, unsay)]
