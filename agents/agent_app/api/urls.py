"""Included under ``/api/v1/``."""

from collections.abc import Callable
from typing import Any

from django.urls import URLPattern

from agent_app.api import (
    answers,
    conversations,
    copies,
    credentials,
    decisions,
    drafting,
    files,
    guardrails,
    handoff_maps,
    integrations,
    keys,
    models,
    output_types,
    parts,
    quotes,
    runs,
    tool_offers,
    tool_tests,
    tools,
    traces,
    versions,
    views,
)
from agent_app.api.part_views import Part, part_view, parts_view
from config.lib.routes import api_path


def _agent(route: str, view: Callable[..., Any], name: str) -> URLPattern:
    """What belongs to one agent."""
    return api_path(f"agents/<uuid:agent_id>/{route}", view, f"api-agent-{name}")


def _parts(part: Part, one: str = "") -> list[URLPattern]:
    """The list of a kind of its parts, and each by itself, which is called ``one``."""
    return [
        _agent(f"{part.kind}/", parts_view(part).as_view(), part.kind),
        _agent(f"{part.kind}/<uuid:item_id>/", part_view(part).as_view(), one or part.kind.removesuffix("s")),
    ]


def _conversation(route: str, view: Callable[..., Any], name: str) -> URLPattern:
    return api_path(f"conversations/<uuid:conversation_id>/{route}", view, name)


def _type(route: str, view: Callable[..., Any], name: str) -> URLPattern:
    """What is known of a type of providers."""
    return api_path(f"models/providers/<slug:slug>/{route}", view, f"api-model-provider-{name}")


def _run(route: str, view: Callable[..., Any], name: str) -> URLPattern:
    return api_path(f"runs/<uuid:run_id>/{route}", view, f"api-run-{name}")


_AGENTS = [
    api_path("agents/", views.AgentsView.as_view(), "api-agents"),
    api_path("agents/bulk/", copies.BulkView.as_view(), "api-agents-bulk"),
    api_path("agents/import/", copies.ImportView.as_view(), "api-agents-import"),
    api_path("agents/templates/", drafting.TemplatesView.as_view(), "api-agents-templates"),
    api_path("agents/tools/available/", tools.ToolTypesView.as_view(), "api-tool-types"),
    api_path("agents/guardrails/available/", guardrails.GuardrailKindsView.as_view(), "api-guardrail-kinds"),
    api_path("agents/output-types/available/", output_types.OutputTypesView.as_view(), "api-output-types"),
    api_path("agents/output-types/<slug:type_name>/", output_types.OutputTypeView.as_view(), "api-output-type"),
    api_path("agents/<uuid:agent_id>/", views.AgentView.as_view(), "api-agent"),
    _agent("clone/", copies.CloneView.as_view(), "clone"),
    _agent("export/", copies.ExportView.as_view(), "export"),
    _agent("preview/", drafting.PreviewView.as_view(), "preview"),
    _agent("suggestions/", drafting.SuggestionsView.as_view(), "suggestions"),
    _agent("run/", runs.start, "run"),
    _agent("model/", parts.ModelView.as_view(), "model"),
    *_parts(parts.HANDOFFS),
    _agent("handoffs/map/", handoff_maps.HandoffMapView.as_view(), "handoffs-map"),
    *_parts(parts.TOOLS),
    _agent("tools/<uuid:item_id>/sync/", tool_offers.AgentToolSyncView.as_view(), "tool-sync"),
    *_parts(parts.CONTEXTS, one="context-item"),
    _agent("context/", parts.DefaultContextView.as_view(), "context"),
    *_parts(parts.GUARDRAILS),
    _agent("guardrails/test/", guardrails.GuardrailTrialView.as_view(), "guardrails-test"),
    _agent("files/", files.AgentFilesView.as_view(), "files"),
    _agent("files/<uuid:item_id>/", files.AgentFileView.as_view(), "file"),
    _agent("publish/", versions.PublishView.as_view(), "publish"),
    _agent("versions/", versions.VersionsView.as_view(), "versions"),
    _agent("versions/<int:number>/", versions.VersionView.as_view(), "version"),
    _agent("versions/<int:number>/restore/", versions.RestoreView.as_view(), "restore"),
    _agent("versions/<str:before>/diff/<str:after>/", versions.DiffView.as_view(), "diff"),
    _agent("traces/", traces.AgentTracesView.as_view(), "traces"),
    _agent("stats/", traces.AgentActivityView.as_view(), "stats"),
    _agent("feedback/", conversations.AgentFeedbackView.as_view(), "feedback"),
]

_TOOLS = [
    api_path("tools/", tools.ToolsView.as_view(), "api-tools"),
    api_path("tools/look/", tool_offers.LookView.as_view(), "api-tools-look"),
    api_path("tools/<uuid:tool_id>/", tools.ToolView.as_view(), "api-tool"),
    api_path("tools/<uuid:tool_id>/sync/", tool_offers.SyncView.as_view(), "api-tool-sync"),
    api_path("tools/<uuid:tool_id>/test/", tool_tests.test, "api-tool-test"),
    api_path("integrations/", integrations.IntegrationsView.as_view(), "api-integrations"),
    api_path("integrations/<uuid:integration_id>/", integrations.IntegrationView.as_view(), "api-integration"),
    api_path("credentials/<uuid:credential_id>/", credentials.CredentialView.as_view(), "api-credential"),
    api_path(
        "credentials/<uuid:credential_id>/disconnect/",
        credentials.DisconnectView.as_view(),
        "api-credential-disconnect",
    ),
]

_MODELS = [
    api_path("providers/", models.ProvidersView.as_view(), "api-providers"),
    api_path("providers/<uuid:provider_id>/", models.ProviderView.as_view(), "api-provider"),
    api_path("models/", models.ModelsView.as_view(), "api-models"),
    api_path("models/providers/", models.TypesView.as_view(), "api-model-providers"),
    _type("models/", models.TypeModelsView.as_view(), "models"),
    _type("capabilities/", models.TypeCapabilitiesView.as_view(), "capabilities"),
    _type("stats/", models.TypeStatisticsView.as_view(), "stats"),
    api_path("models/<uuid:model_id>/", models.ModelView.as_view(), "api-model"),
    api_path("models/<uuid:model_id>/test/", models.ModelTestView.as_view(), "api-model-test"),
    api_path("users/api-keys/", keys.KeysView.as_view(), "api-keys"),
    api_path("users/api-keys/<uuid:key_id>/", keys.KeyView.as_view(), "api-key"),
]

_CONVERSATIONS = [
    api_path("conversations/", conversations.ConversationsView.as_view(), "api-conversations"),
    _conversation("", conversations.ConversationView.as_view(), "api-conversation"),
    _conversation("messages/", conversations.MessagesView.as_view(), "api-messages"),
    _conversation("messages/<uuid:message_id>/feedback/", conversations.FeedbackView.as_view(), "api-message-feedback"),
    _conversation("share/", conversations.ShareView.as_view(), "api-share"),
    _conversation("export/", conversations.ExportView.as_view(), "api-export"),
]

_RUNS = [
    api_path("credits/quote/", quotes.QuoteView.as_view(), "api-credits-quote"),
    api_path("runs/", views.RunsView.as_view(), "api-runs"),
    api_path("runs/<uuid:run_id>/", views.RunView.as_view(), "api-run"),
    _run("events/", runs.events, "events"),
    _run("answer/", answers.RunAnswerView.as_view(), "answer"),
    _run("trace/", traces.RunTraceView.as_view(), "trace"),
    _run("cancel/", views.RunCancelView.as_view(), "cancel"),
    _run("decisions/", decisions.RunDecisionsView.as_view(), "decisions"),
    api_path("traces/<str:trace_id>/", traces.TraceView.as_view(), "api-trace"),
]

urlpatterns = [*_AGENTS, *_TOOLS, *_MODELS, *_CONVERSATIONS, *_RUNS]
