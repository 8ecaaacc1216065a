"""Models of other providers, and those of OpenAI that do not converse, run no tools: every entry says all of its
capabilities."""

from typing import Any

from django.db import migrations


def say(apps: Any, schema_editor: Any) -> None:
    for model in apps.get_model("agents", "CatalogueModel").objects.exclude(capabilities__has_key="hosted_tools"):
        model.capabilities = {**model.capabilities, "hosted_tools": False}
        model.save(update_fields=["capabilities"])


class Migration(migrations.Migration):
    dependencies = [("agents", "0019_hosted_tools")]

    operations = [migrations.RunPython(say, migrations.RunPython.noop)]
