"""What staff may see. Runs and their events are read-only: they tell what happened."""

from django.contrib import admin

from agent_app.models import Agent, Provider, Run
from community.admin import ReadOnlyAdmin


@admin.register(Run)
class RunAdmin(ReadOnlyAdmin):
    list_display = ("id", "workspace", "agent", "status", "reason", "model", "created_at", "finished_at")
    list_filter = ("status", "reason", "kind", "source")
    search_fields = ("id", "request_id", "trace_id", "agent__name")
    list_select_related = ("workspace", "agent")
    exclude = ("input", "output")


@admin.register(Agent)
class AgentAdmin(ReadOnlyAdmin):
    list_display = ("name", "workspace", "status", "model", "updated_at")
    search_fields = ("id", "name")
    list_select_related = ("workspace",)


@admin.register(Provider)
class ProviderAdmin(ReadOnlyAdmin):
    list_display = ("name", "type", "workspace", "base_url", "api_key_hint")
    search_fields = ("id", "name", "base_url")
    exclude = ("api_key_encrypted",)
    list_select_related = ("workspace",)
