from community.consumers import LiveConsumer
from config.lib.routes import api_path

websocket_urlpatterns = [api_path("api/v1/live/", LiveConsumer.as_asgi(), "ws-live")]
