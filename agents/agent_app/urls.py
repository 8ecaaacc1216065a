"""Pages of agents, their chats, runs and models."""

from django.urls import path

from agent_app.views import agents, agents_bulk, builder, conversations, models, playground, providers, runs

app_name = "agents"

urlpatterns = [
    path("agents/", agents.agent_list, name="list"),
    path("agents/new/", agents.agent_new, name="new"),
    path("agents/bulk/", agents_bulk.agents_bulk, name="bulk"),
    path("agents/<uuid:agent_id>/", builder.agent_builder, name="builder"),
    path("agents/<uuid:agent_id>/save/", builder.agent_save, name="save"),
    path("agents/<uuid:agent_id>/chat/", playground.agent_chat, name="chat"),
    path("agents/<uuid:agent_id>/chat/<uuid:conversation_id>/", playground.agent_chat, name="conversation"),
    path("conversations/<uuid:conversation_id>/change/", conversations.conversation_change, name="conversation_change"),
    path("conversations/<uuid:conversation_id>/delete/", conversations.conversation_delete, name="conversation_delete"),
    path("conversations/<uuid:conversation_id>/branch/", conversations.conversation_branch, name="conversation_branch"),
    path("conversations/<uuid:conversation_id>/fork/", conversations.conversation_fork, name="conversation_fork"),
    path("runs/", runs.run_list, name="runs"),
    path("runs/<uuid:run_id>/", runs.run_detail, name="run"),
    path("runs/<uuid:run_id>/cancel/", runs.run_cancel, name="run_cancel"),
    path("models/", models.model_list, name="models"),
    path("models/catalogue/", models.model_catalogue, name="catalogue"),
    path("models/providers/", providers.provider_list, name="providers"),
    path("models/providers/<uuid:provider_id>/delete/", providers.provider_delete, name="provider_delete"),
    path("models/keys/", providers.key_list, name="keys"),
    path("models/keys/<uuid:key_id>/delete/", providers.key_delete, name="key_delete"),
    path("models/<uuid:model_id>/", models.model_page, name="model"),
    path("models/<uuid:model_id>/test/", models.model_test, name="model_test"),
    path("models/<uuid:model_id>/delete/", models.model_delete, name="model_delete"),
]
