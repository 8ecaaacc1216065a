"""Which models run tools of their own: OpenAI's that see and are asked by its Responses, but for the oldest and the smallest."""

from typing import Any

from django.db import migrations


def say(apps: Any, schema_editor: Any) -> None:
    for model in apps.get_model("agents", "CatalogueModel").objects.exclude(capabilities__has_key="hosted_tools"):
        model.capabilities = {**model.capabilities, "hosted_tools": model.provider == "openai" and _hosts(model)}
        model.save(update_fields=["capabilities"])


def _hosts(model: Any) -> bool:
    old = model.model_id.startswith(("o1", "o3-mini", "gpt-4-", "gpt-3")) or model.model_id == "gpt-4"
    sees = model.capabilities.get("vision") and model.capabilities.get("responses_api")
    return bool(sees) and not old and "nano" not in model.model_id


def unsay(apps: Any, schema_editor: Any) -> None:
    for model in apps.get_model("agents", "CatalogueModel").objects.filter(capabilities__has_key="hosted_tools"):
        del model.capabilities["hosted_tools"]
        model.save(update_fields=["capabilities"])


class Migration(migrations.Migration):
    dependencies = [("agents", "0021_agent_limits")]

    operations = [migrations.RunPython(say, unsay)]
