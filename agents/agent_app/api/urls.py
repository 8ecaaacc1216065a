"""Included under ``/api/v1/``."""

from agent_app.api import (
    copies,
    drafting,
    files,
    keys,
    models,
    output_types,
    parts,
    quotes,
    runs,
    traces,
    versions,
    views,
)
from config.lib.routes import api_path

urlpatterns = [
    api_path("agents/", views.AgentsView.as_view(), "api-agents"),
    api_path("agents/bulk/", copies.BulkView.as_view(), "api-agents-bulk"),
    api_path("agents/import/", copies.ImportView.as_view(), "api-agents-import"),
    api_path("agents/templates/", drafting.TemplatesView.as_view(), "api-agents-templates"),
    api_path("agents/<uuid:agent_id>/clone/", copies.CloneView.as_view(), "api-agent-clone"),
    api_path("agents/<uuid:agent_id>/export/", copies.ExportView.as_view(), "api-agent-export"),
    api_path("agents/<uuid:agent_id>/preview/", drafting.PreviewView.as_view(), "api-agent-preview"),
    api_path("agents/<uuid:agent_id>/suggestions/", drafting.SuggestionsView.as_view(), "api-agent-suggestions"),
    api_path("agents/output-types/available/", output_types.OutputTypesView.as_view(), "api-output-types"),
    api_path("agents/output-types/<slug:type_name>/", output_types.OutputTypeView.as_view(), "api-output-type"),
    api_path("agents/<uuid:agent_id>/", views.AgentView.as_view(), "api-agent"),
    api_path("agents/<uuid:agent_id>/run/", runs.start, "api-agent-run"),
    api_path("agents/<uuid:agent_id>/model/", parts.ModelView.as_view(), "api-agent-model"),
    api_path("agents/<uuid:agent_id>/handoffs/", parts.HandoffsView.as_view(), "api-agent-handoffs"),
    api_path("agents/<uuid:agent_id>/handoffs/<uuid:item_id>/", parts.HandoffView.as_view(), "api-agent-handoff"),
    api_path("agents/<uuid:agent_id>/contexts/", parts.ContextsView.as_view(), "api-agent-contexts"),
    api_path("agents/<uuid:agent_id>/contexts/<uuid:item_id>/", parts.ContextView.as_view(), "api-agent-context-item"),
    api_path("agents/<uuid:agent_id>/context/", parts.DefaultContextView.as_view(), "api-agent-context"),
    api_path("agents/<uuid:agent_id>/files/", files.AgentFilesView.as_view(), "api-agent-files"),
    api_path("agents/<uuid:agent_id>/files/<uuid:item_id>/", files.AgentFileView.as_view(), "api-agent-file"),
    api_path("agents/<uuid:agent_id>/publish/", versions.PublishView.as_view(), "api-agent-publish"),
    api_path("agents/<uuid:agent_id>/versions/", versions.VersionsView.as_view(), "api-agent-versions"),
    api_path("agents/<uuid:agent_id>/versions/<int:number>/", versions.VersionView.as_view(), "api-agent-version"),
    api_path(
        "agents/<uuid:agent_id>/versions/<int:number>/restore/", versions.RestoreView.as_view(), "api-agent-restore"
    ),
    api_path(
        "agents/<uuid:agent_id>/versions/<str:before>/diff/<str:after>/", versions.DiffView.as_view(), "api-agent-diff"
    ),
    api_path("agents/<uuid:agent_id>/traces/", traces.AgentTracesView.as_view(), "api-agent-traces"),
    api_path("agents/<uuid:agent_id>/stats/", traces.AgentActivityView.as_view(), "api-agent-stats"),
    api_path("providers/", models.ProvidersView.as_view(), "api-providers"),
    api_path("providers/<uuid:provider_id>/", models.ProviderView.as_view(), "api-provider"),
    api_path("models/", models.ModelsView.as_view(), "api-models"),
    api_path("models/providers/", models.TypesView.as_view(), "api-model-providers"),
    api_path("models/providers/<slug:slug>/models/", models.TypeModelsView.as_view(), "api-model-provider-models"),
    api_path(
        "models/providers/<slug:slug>/capabilities/",
        models.TypeCapabilitiesView.as_view(),
        "api-model-provider-capabilities",
    ),
    api_path("models/providers/<slug:slug>/stats/", models.TypeStatisticsView.as_view(), "api-model-provider-stats"),
    api_path("models/<uuid:model_id>/", models.ModelView.as_view(), "api-model"),
    api_path("models/<uuid:model_id>/test/", models.ModelTestView.as_view(), "api-model-test"),
    api_path("users/api-keys/", keys.KeysView.as_view(), "api-keys"),
    api_path("users/api-keys/<uuid:key_id>/", keys.KeyView.as_view(), "api-key"),
    api_path("conversations/", views.ConversationsView.as_view(), "api-conversations"),
    api_path("conversations/<uuid:conversation_id>/", views.ConversationView.as_view(), "api-conversation"),
    api_path(
        "conversations/<uuid:conversation_id>/messages/", views.MessagesView.as_view(), "api-conversation-messages"
    ),
    api_path("credits/quote/", quotes.QuoteView.as_view(), "api-credits-quote"),
    api_path("runs/", views.RunsView.as_view(), "api-runs"),
    api_path("runs/<uuid:run_id>/", views.RunView.as_view(), "api-run"),
    api_path("runs/<uuid:run_id>/events/", runs.events, "api-run-events"),
    api_path("runs/<uuid:run_id>/trace/", traces.RunTraceView.as_view(), "api-run-trace"),
    api_path("traces/<str:trace_id>/", traces.TraceView.as_view(), "api-trace"),
    api_path("runs/<uuid:run_id>/cancel/", views.RunCancelView.as_view(), "api-run-cancel"),
]
