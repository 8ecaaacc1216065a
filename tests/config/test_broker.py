"""The broker's connection breaks at a bad moment: whoever has it goes on, and does not end."""

import contextlib

from kombu import Connection, Consumer, Exchange, Queue
from redis.exceptions import ConnectionError as ServerGone

from config import broker
from deploy.stack import embedded


def test_a_lost_connection_can_be_put_away_with_a_message_in_hand() -> None:
    """A worker's channel is closed three times; at last it wants to give the message back, and has no address any more."""
    broker.install()
    work = Queue("work")
    control = Queue("control", Exchange("control", type="fanout"), auto_delete=True)
    with contextlib.ExitStack() as server:
        url = server.enter_context(embedded.valkey_server())
        connection = Connection(url, transport_options={"max_retries": 0})
        taken: list[object] = []
        channel = connection.default_channel
        Consumer(channel, [work, control], callbacks=[lambda body, _message: taken.append(body)]).consume()
        connection.Producer().publish({"run": 1}, routing_key=work.name)
        while not taken:
            connection.drain_events(timeout=20)
        with contextlib.suppress(TimeoutError):
            while True:
                connection.drain_events(timeout=0.1)  # until it has asked for the next message, and waits
        server.close()
        with contextlib.suppress(ServerGone):  # as Celery does when the connection is lost
            connection.collect(socket_timeout=5)
        connection.close()
    assert taken == [{"run": 1}]
    assert connection.connected is False
