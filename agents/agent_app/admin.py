"""What staff may see. Runs and their events are read-only: they tell what happened."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from redis.exceptions import RedisError

from agent_app import circuits
from agent_app.models import Agent, Approval, CatalogueModel, Provider, ProviderKey, Run, Tool, ToolCall
from agent_app.services import catalogue
from community.admin import ReadOnlyAdmin, staff_id


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
    list_display = ("name", "type", "workspace", "base_url", "api_key_hint", "tested_at", "last_used_at")
    search_fields = ("id", "name", "base_url")
    exclude = ("api_key_encrypted",)
    list_select_related = ("workspace",)


@admin.register(ProviderKey)
class ProviderKeyAdmin(ReadOnlyAdmin):
    list_display = (
        "key_hint",
        "type",
        "scope",
        "purpose",
        "workspace",
        "owner",
        "enabled",
        "tested_at",
        "last_used_at",
    )
    list_filter = ("type", "scope", "purpose", "enabled")
    search_fields = ("id", "name")
    exclude = ("key_encrypted",)
    list_select_related = ("workspace", "owner")

    def get_urls(self) -> list[URLPattern]:
        shown = self.admin_site.admin_view(self.circuits)
        return [path("circuits/", shown, name="agents_providerkey_circuits"), *super().get_urls()]

    def circuits(self, request: HttpRequest) -> HttpResponse:
        """Which providers, with which keys, are not asked for the moment, and until when."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        try:
            found = circuits.troubled()
        except RedisError:
            found = None
        context = {
            **self.admin_site.each_context(request), "opts": self.opts, "title": _("Circuit breakers"), "circuits": found,
        }  # fmt: skip
        return render(request, "admin/agents/providerkey/circuits.html", context)


@admin.register(Tool)
class ToolAdmin(ReadOnlyAdmin):
    list_display = ("name", "type", "workspace", "enabled", "updated_at")
    list_filter = ("type", "enabled")
    search_fields = ("id", "name")
    list_select_related = ("workspace",)


@admin.register(ToolCall)
class ToolCallAdmin(ReadOnlyAdmin):
    list_display = ("tool_name", "tool_type", "workspace", "run", "status", "credits", "started_at", "ended_at")
    list_filter = ("tool_type", "status")
    search_fields = ("id", "run__id", "tool_name")
    exclude = ("arguments", "result", "details")
    list_select_related = ("workspace", "run")


@admin.register(Approval)
class ApprovalAdmin(ReadOnlyAdmin):
    list_display = (
        "tool_name",
        "tool_type",
        "workspace",
        "run",
        "status",
        "decision",
        "decided_by",
        "created_at",
        "expires_at",
    )
    list_filter = ("status", "tool_type")
    search_fields = ("id", "run__id", "tool_name")
    exclude = ("arguments", "arguments_encrypted", "decided_arguments")
    list_select_related = ("workspace", "run", "decided_by")


@admin.register(CatalogueModel)
class CatalogueModelAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # not subscriptable at run time
    """What models there are, with prices and ends. Credits are billing's rates, edited there."""

    list_display = (
        "model_id", "provider", "context_window", "price_input", "price_output", "lifecycle", "deprecation_date", "replacement",
    )  # fmt: skip
    list_filter = ("provider", "lifecycle")
    search_fields = ("model_id", "name")
    ordering = ("provider", "model_id")

    def save_model(self, request: HttpRequest, obj: CatalogueModel, form: Any, change: bool) -> None:
        catalogue.catalogue_model_save(model=obj, actor_id=staff_id(request))

    def delete_model(self, request: HttpRequest, obj: CatalogueModel) -> None:
        catalogue.catalogue_model_delete(model=obj, actor_id=staff_id(request))

    def delete_queryset(self, request: HttpRequest, queryset: models.QuerySet[CatalogueModel]) -> None:
        for model in queryset:
            catalogue.catalogue_model_delete(model=model, actor_id=staff_id(request))
