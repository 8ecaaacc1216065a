"""The project's settings, with sockets that ask sooner whether their sign-in still holds."""

from config.settings import *  # noqa: F403

LIVE_RECHECK = 0.5
