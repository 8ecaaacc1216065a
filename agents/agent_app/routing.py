from agent_app.consumers import PlaygroundConsumer
from config.lib.routes import api_path

websocket_urlpatterns = [
    api_path("api/v1/playground/<uuid:agent_id>/", PlaygroundConsumer.as_asgi(), "ws-playground"),
]
