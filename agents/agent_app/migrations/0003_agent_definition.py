"""The rest of an agent's definition, and its published versions. PostgreSQL itself refuses to change a version."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import agent_app.models.agents
import config.lib.ids

FORWARD = """
CREATE FUNCTION agents_version_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (OLD.agent_id, OLD.number, OLD.content, OLD.pins, OLD.snapshot_id, OLD.notes)
        IS DISTINCT FROM (NEW.agent_id, NEW.number, NEW.content, NEW.pins, NEW.snapshot_id, NEW.notes) THEN
        RAISE EXCEPTION 'published versions do not change' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER agents_version_frozen BEFORE UPDATE ON agents_agentversion
    FOR EACH ROW EXECUTE FUNCTION agents_version_frozen();
"""
BACKWARD = """
DROP TRIGGER agents_version_frozen ON agents_agentversion;
DROP FUNCTION agents_version_frozen();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("agents", "0002_agent_updated_by"),
        ("community", "0006_invitations_by_address"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="agent",
            name="cloned_from",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="clones",
                to="agents.agent",
            ),
        ),
        migrations.AddField(
            model_name="agent",
            name="cloned_from_version",
            field=models.PositiveIntegerField(blank=True, help_text="Empty: its draft.", null=True),
        ),
        migrations.AddField(
            model_name="agent",
            name="fallback_models",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=200),
                blank=True,
                default=list,
                help_text="Tried in this order where the model fails.",
                size=5,
            ),
        ),
        migrations.AddField(
            model_name="agent",
            name="history",
            field=models.JSONField(
                default=agent_app.models.agents.all_history, help_text="How much of a conversation is sent along."
            ),
        ),
        migrations.AddField(
            model_name="agent",
            name="output_type",
            field=models.JSONField(
                blank=True, help_text="A JSON Schema, or the name of a type of the library. Empty: text.", null=True
            ),
        ),
        migrations.AddField(
            model_name="agent",
            name="published_version",
            field=models.PositiveIntegerField(blank=True, help_text="The latest; empty: none yet.", null=True),
        ),
        migrations.CreateModel(
            name="Handoff",
            fields=[
                (
                    "id",
                    models.UUIDField(default=config.lib.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "tool_name",
                    models.CharField(blank=True, help_text="Empty: transfer_to_ and the target's name.", max_length=64),
                ),
                ("tool_description", models.TextField(blank=True, max_length=2000)),
                (
                    "input_filter",
                    models.JSONField(default=str, help_text="How much of the conversation goes along. Empty: all."),
                ),
                (
                    "payload_schema",
                    models.JSONField(blank=True, help_text="What the model has to say when it hands over.", null=True),
                ),
                (
                    "enabled_when",
                    models.CharField(blank=True, help_text="An expression. Empty: always.", max_length=2000),
                ),
                ("position", models.PositiveSmallIntegerField(default=0)),
                (
                    "agent",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="handoffs", to="agents.agent"
                    ),
                ),
                (
                    "target_agent",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="incoming_handoffs", to="agents.agent"
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="community.workspace"
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="AgentVersion",
            fields=[
                (
                    "id",
                    models.UUIDField(default=config.lib.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                ("number", models.PositiveIntegerField()),
                ("content", models.JSONField()),
                ("pins", models.JSONField(default=dict)),
                ("notes", models.TextField(blank=True, max_length=2000)),
                (
                    "agent",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="versions", to="agents.agent"
                    ),
                ),
                (
                    "published_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "snapshot",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.RESTRICT, related_name="+", to="agents.agentsnapshot"
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="community.workspace"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("agent", "number"), name="agent_version_number_unique")
                ],
            },
        ),
        migrations.CreateModel(
            name="Context",
            fields=[
                (
                    "id",
                    models.UUIDField(default=config.lib.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                ("name", models.CharField(max_length=80)),
                ("content", models.JSONField(default=dict)),
                ("is_default", models.BooleanField(default=False)),
                ("position", models.PositiveSmallIntegerField(default=0)),
                (
                    "agent",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="contexts", to="agents.agent"
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="community.workspace"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("agent", "name"), name="context_name_unique"),
                    models.UniqueConstraint(
                        condition=models.Q(("is_default", True)), fields=("agent",), name="context_one_default"
                    ),
                ],
            },
        ),
        migrations.RunSQL(FORWARD, BACKWARD),
    ]
