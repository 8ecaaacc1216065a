"""Pages of agents, their chats, runs and models."""

from django.urls import path

from agent_app.views import (
    agents,
    agents_bulk,
    builder,
    conversations,
    copies,
    definition,
    models,
    playground,
    providers,
    runs,
    versions,
)

app_name = "agents"

urlpatterns = [
    path("agents/", agents.agent_list, name="list"),
    path("agents/new/", agents.agent_new, name="new"),
    path("agents/bulk/", agents_bulk.agents_bulk, name="bulk"),
    path("agents/import/", copies.agents_import, name="import"),
    path("agents/<uuid:agent_id>/clone/", copies.agent_clone, name="clone"),
    path("agents/<uuid:agent_id>/sent/", definition.agent_sent, name="sent"),
    path("agents/<uuid:agent_id>/map/", definition.agent_map, name="map"),
    path("agents/<uuid:agent_id>/templates/", definition.instruction_templates, name="templates"),
    path("agents/<uuid:agent_id>/publish/", versions.agent_publish, name="publish"),
    path("agents/<uuid:agent_id>/versions/", versions.version_list, name="versions"),
    path("agents/<uuid:agent_id>/versions/<int:number>/", versions.version_detail, name="version"),
    path("agents/<uuid:agent_id>/versions/<int:number>/restore/", versions.version_restore, name="restore"),
    path("agents/<uuid:agent_id>/parts/<str:kind>/new/", definition.part_edit, name="part_new"),
    path("agents/<uuid:agent_id>/parts/<str:kind>/<uuid:item_id>/", definition.part_edit, name="part"),
    path("agents/<uuid:agent_id>/parts/<str:kind>/<uuid:item_id>/remove/", definition.part_remove, name="part_remove"),
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
