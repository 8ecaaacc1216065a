import assert from "node:assert/strict";
import test from "node:test";
import { LiveConnection, SIGNED_OUT, delay } from "./connection.js";

class FakeSocket {
  /** @type {FakeSocket[]} */
  static all = [];
  readyState = 1;
  /** @type {any[]} */
  sent = [];
  constructor(url) {
    this.url = url;
    FakeSocket.all.push(this);
  }
  send(text) {
    this.sent.push(JSON.parse(text));
  }
  close() {
    this.closed = true;
  }
  says(frame) {
    this.onmessage({ data: JSON.stringify(frame) });
  }
  ends(code) {
    this.readyState = 3;
    this.onclose({ code });
  }
}

function line(t) {
  t.mock.timers.enable({ apis: ["setTimeout", "setInterval", "Date"] });
  FakeSocket.all = [];
  const log = [];
  const told = { frame: (frame) => log.push(frame.type), opened: (again) => log.push(again ? "again" : "first"), ended: (code) => log.push(code) };
  const connection = new LiveConnection("ws://x/", told, { WebSocket: FakeSocket, random: () => 1 });
  connection.open();
  return { connection, log, sockets: FakeSocket.all, pass: (ms) => t.mock.timers.tick(ms) };
}

test("waits double up to half a minute and are spread", () => {
  assert.deepEqual([0, 1, 2, 3, 4, 5, 20].map((failures) => delay(failures, 1)), [1000, 2000, 4000, 8000, 16000, 30000, 30000]);
  assert.equal(delay(1, 0), 1000);
});

test("a lost line is opened again, later each time, and at once when the person is back", (t) => {
  const { connection, sockets, pass } = line(t);
  sockets[0].ends(1006);
  pass(999);
  assert.equal(sockets.length, 1);
  pass(1);
  assert.equal(sockets.length, 2);
  sockets[1].ends(1006);
  pass(1999);
  assert.equal(sockets.length, 2);
  connection.hurry();
  assert.equal(sockets.length, 3);
  pass(60_000);
  assert.equal(sockets.length, 3, "the attempt that was planned is not made as well");
});

test("it says whether it is ready again, so that what was missed can be fetched", (t) => {
  const { log, sockets, pass } = line(t);
  sockets[0].says({ type: "ready" });
  sockets[0].ends(1006);
  pass(1000);
  sockets[1].says({ type: "ready" });
  assert.deepEqual(log, ["first", "ready", "again", "ready"]);
});

test("after signing out it stays closed", (t) => {
  const { connection, log, sockets, pass } = line(t);
  sockets[0].ends(SIGNED_OUT);
  pass(120_000);
  connection.hurry();
  assert.equal(sockets.length, 1);
  assert.deepEqual(log, [SIGNED_OUT]);
});

test("it says where the person is, every ten seconds and when they go elsewhere", (t) => {
  const { connection, sockets, pass } = line(t);
  connection.here("/agents/");
  sockets[0].says({ type: "ready" });
  pass(10_000);
  connection.here("");
  pass(10_000);
  assert.deepEqual(
    sockets[0].sent.filter((frame) => frame.type === "presence").map((frame) => frame.page),
    ["/agents/", "/agents/", "/agents/", ""],
  );
});

test("a line that has gone silent is replaced", (t) => {
  const { sockets, pass } = line(t);
  sockets[0].says({ type: "ready" });
  pass(30_000);
  sockets[0].says({ type: "pong" });
  pass(30_000);
  assert.equal(sockets.length, 1);
  pass(10_000);
  assert.ok(sockets[0].closed);
  pass(1000);
  assert.equal(sockets.length, 2);
});
