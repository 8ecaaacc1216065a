"""Included under ``/api/v1/``."""

from agent_app.api import quotes, runs, views
from config.lib.routes import api_path

urlpatterns = [
    api_path("agents/", views.AgentsView.as_view(), "api-agents"),
    api_path("agents/<uuid:agent_id>/", views.AgentView.as_view(), "api-agent"),
    api_path("agents/<uuid:agent_id>/run/", runs.start, "api-agent-run"),
    api_path("providers/", views.ProvidersView.as_view(), "api-providers"),
    api_path("providers/<uuid:provider_id>/", views.ProviderView.as_view(), "api-provider"),
    api_path("conversations/", views.ConversationsView.as_view(), "api-conversations"),
    api_path("conversations/<uuid:conversation_id>/", views.ConversationView.as_view(), "api-conversation"),
    api_path(
        "conversations/<uuid:conversation_id>/messages/", views.MessagesView.as_view(), "api-conversation-messages"
    ),
    api_path("credits/quote/", quotes.QuoteView.as_view(), "api-credits-quote"),
    api_path("runs/", views.RunsView.as_view(), "api-runs"),
    api_path("runs/<uuid:run_id>/", views.RunView.as_view(), "api-run"),
    api_path("runs/<uuid:run_id>/events/", runs.events, "api-run-events"),
    api_path("runs/<uuid:run_id>/cancel/", views.RunCancelView.as_view(), "api-run-cancel"),
]
