"""A client that follows a run's events as a careful program would: by number, and again after a break."""

import http.client
import json
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from tests.benchmarks.stack import Person

RETRY = 0.1  # seconds between attempts to connect again; a client's pace, not a synchronisation


@dataclass(frozen=True)
class Seen:
    """One event as it came. ``connection`` counts the connections of this follower from 1."""

    seq: int
    type: str
    data: dict[str, Any]
    raw: str
    at: float
    connection: int


class Follower(threading.Thread):
    """Starts a run (``agent_id``) or joins one (``run_id``), and reads until ``run_finished``, whatever breaks.

    It is a thread, begun by making it.
    """

    def __init__(
        self,
        person: Person,
        *,
        agent_id: str = "",
        run_id: str = "",
        after: int = 0,
        message: str = "Hello",
        **body: Any,
    ) -> None:
        super().__init__(daemon=True, name="follower")
        self.person, self.agent_id, self.run_id, self.after = person, agent_id, run_id, after
        self.body = {"message": message, "stream": True, **body}
        self.events: list[Seen] = []
        self.problems: list[str] = []
        self.connections = 0
        self.stopped = False
        self._changed = threading.Condition()
        self._connection: http.client.HTTPConnection | None = None
        self.start()

    # What tests ask

    def wait(self, what: Callable[[list[Seen]], Any], timeout: float = 60.0) -> Any:
        """The first truthy ``what(events)``. Raises TimeoutError with what was seen."""
        found: list[Any] = []

        def look() -> bool:
            found[:] = [what(self.events)]
            return bool(found[0])

        with self._changed:
            if not self._changed.wait_for(look, timeout):
                shown = [f"{each.seq} {each.type}" for each in self.events[-12:]]
                raise TimeoutError(f"not seen within {timeout} s; events: {shown}; problems: {self.problems[-5:]}")
        return found[0]

    def wait_text(self, text: str, timeout: float = 60.0) -> None:
        """Until the answer so far contains ``text``."""
        self.wait(lambda _: text in self.text, timeout)

    def wait_words(self, text: str, *, resets: int, timeout: float = 60.0) -> None:
        """Until the answer, begun anew ``resets`` times, is ``text``."""
        self.wait(lambda _: self.text == text and self.types.count("content_reset") == resets, timeout)

    def wait_type(self, kind: str, timeout: float = 60.0) -> Seen:
        found: Seen = self.wait(lambda all_: next((each for each in all_ if each.type == kind), None), timeout)
        return found

    def wait_end(self, timeout: float = 120.0) -> dict[str, Any]:
        """The data of ``run_finished``."""
        return self.wait_type("run_finished", timeout).data

    @property
    def text(self) -> str:
        """The answer as a reader of the events has it: a reset empties it."""
        parts: list[str] = []
        for each in self.events:
            if each.type == "content_reset":
                parts.clear()
            elif each.type == "content_delta":
                parts.append(each.data["delta"])
        return "".join(parts)

    @property
    def types(self) -> list[str]:
        return [each.type for each in self.events]

    def stop(self) -> None:
        self.stopped = True
        self._hang_up()

    def _hang_up(self) -> None:
        connection = self._connection
        if connection is not None and connection.sock is not None:
            try:
                connection.sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                return

    # The thread

    def run(self) -> None:
        while not self.stopped and not (self.events and self.events[-1].type == "run_finished"):
            try:
                if not self._follow_once():
                    return
            except (OSError, http.client.HTTPException) as error:
                self._note(f"{type(error).__name__}: {error}")
            time.sleep(RETRY)

    def _note(self, problem: str) -> None:
        with self._changed:
            self.problems.append(problem)
            self._changed.notify_all()

    def _follow_once(self) -> bool:
        """One connection to its end; whether another makes sense."""
        address = urlsplit(self.person.base_url)
        connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=60)
        self._connection = connection
        try:
            headers = {**self.person.headers, "Content-Type": "application/json", "Accept": "text/event-stream"}
            if self.run_id:
                last = self.events[-1].seq if self.events else self.after
                if last:
                    headers["Last-Event-ID"] = str(last)
                connection.request("GET", f"/api/v1/runs/{self.run_id}/events/", headers=headers)
            else:
                body = json.dumps(self.body)
                connection.request("POST", f"/api/v1/agents/{self.agent_id}/run/", body=body, headers=headers)
            answer = connection.getresponse()
            if answer.status != 200:
                self._note(f"{answer.status}: {answer.read(500)!r}")
                return answer.status >= 500
            self.connections += 1
            self._read(answer)
        finally:
            connection.close()
        return True

    def _read(self, answer: http.client.HTTPResponse) -> None:
        fields: dict[str, str] = {}
        while line := answer.readline():
            text = line.decode().rstrip("\n")
            if text:
                name, _, value = text.partition(": ")
                fields[name] = value
                continue
            if "data" in fields:
                self._take(fields)
            fields = {}

    def _take(self, fields: dict[str, str]) -> None:
        data = json.loads(fields["data"])
        if "id" not in fields:  # told in passing, and no part of the run's record: its place in line
            return
        seen = Seen(int(fields["id"]), fields["event"], data, fields["data"], time.monotonic(), self.connections)
        with self._changed:
            self.run_id = data["run_id"]
            self.events.append(seen)
            self._changed.notify_all()
