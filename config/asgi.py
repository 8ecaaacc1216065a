"""The ASGI application: HTTP by our handler, sockets by Channels."""

import os

import config  # noqa: F401  (puts agents/ on sys.path)

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import django

django.setup(set_prefix=False)

from channels.routing import ProtocolTypeRouter, URLRouter
from django.conf import settings
from django.utils import translation

from agent_app.routing import websocket_urlpatterns as agent_sockets
from community.routing import websocket_urlpatterns as community_sockets
from config import celery  # noqa: F401  (makes it the current Celery application)
from config.body import BodyLimit
from config.handler import Handler, keep_off_request_signals
from config.sockets import UnknownPath

keep_off_request_signals()
for (
    language,
    _name,
) in settings.LANGUAGES:  # reading a catalogue takes a tenth of a second, which the first to ask for it would wait
    with translation.override(language):
        pass

application = ProtocolTypeRouter(
    {"http": BodyLimit(Handler()), "websocket": URLRouter([*community_sockets, *agent_sockets, *UnknownPath.routes()])}
)
