"""``python -m deploy.stack.web FD``: the ASGI server of ``make run``, on a listening socket inherited from above."""

import socket
import sys

import uvicorn

from deploy.stack import ready


class Server(uvicorn.Server):
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        ready.announce()


def main() -> None:
    # Not through uvicorn's `--fd`: that takes every socket for a unix socket, and then asyncio leaves Nagle's algorithm
    # on, which delays streamed tokens.
    listener = socket.socket(fileno=int(sys.argv[1]))
    config = uvicorn.Config(
        "config.asgi:application",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        ws_max_size=2**20,  # one frame; each kind of socket takes less
        timeout_graceful_shutdown=5,
    )
    Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
