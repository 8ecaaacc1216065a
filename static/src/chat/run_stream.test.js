import assert from "node:assert/strict";
import { test } from "node:test";
import { RunStream, SseParser } from "./run_stream.js";

/** @param {number} seq @param {string} type */
const sse = (seq, type = "content_delta") => `id: ${seq}\nevent: ${type}\ndata: ${JSON.stringify({ type, seq, run_id: "r" })}\n\n`;

/** A server that answers the n-th connection with the n-th script. @param {(string | number | Error)[]} scripts */
function served(scripts) {
  /** @type {string[]} */
  const asked = [];
  /** @type {any} */
  const fetch = async (/** @type {string} */ url) => {
    asked.push(url);
    const script = scripts.shift() ?? 204;
    if (script instanceof Error) throw script;
    return typeof script === "number" ? new Response(null, { status: script }) : new Response(script);
  };
  return { asked, fetch };
}

/** @param {(string | number | Error)[]} scripts */
async function followed(scripts) {
  const server = served(scripts);
  /** @type {number[]} */
  const seen = [];
  /** @type {string[]} */
  const states = [];
  const stream = new RunStream("/e/", {
    onEvent: (event) => seen.push(event.seq),
    onConnection: (state) => states.push(state),
    fetch: server.fetch,
    pause: async () => {},
  });
  return { finished: await stream.follow(), seen, states, asked: server.asked };
}

test("ends with run_finished", async () => {
  const { finished, seen } = await followed([sse(1) + sse(2, "run_finished")]);
  assert.equal(finished, true);
  assert.deepEqual(seen, [1, 2]);
});

test("a lost connection is taken up after the last number", async () => {
  const { seen, asked, states } = await followed([sse(1) + sse(2), new TypeError("network"), sse(2) + sse(3, "run_finished")]);
  assert.deepEqual(seen, [1, 2, 3]);
  assert.deepEqual(asked, ["/e/?after=0", "/e/?after=2", "/e/?after=2"]);
  assert.ok(states.includes("reconnecting"));
});

test("a gap is asked for again", async () => {
  const { seen, asked } = await followed([sse(1) + sse(3), sse(2) + sse(3, "run_finished")]);
  assert.deepEqual(seen, [1, 2, 3]);
  assert.deepEqual(asked, ["/e/?after=0", "/e/?after=1"]);
});

test("a place in the queue has no number and is told all the same", async () => {
  const place = `event: queued\ndata: ${JSON.stringify({ type: "queued", run_id: "r", position: 2 })}\n\n`;
  const { seen, asked } = await followed([place + sse(1) + sse(2, "run_finished")]);
  assert.deepEqual(seen, [undefined, 1, 2]);
  assert.equal(asked.length, 1);
});

test("204 means that nothing will come any more", async () => {
  assert.equal((await followed([204])).finished, true);
});

test("404 gives up", async () => {
  const { finished, states } = await followed([404]);
  assert.equal(finished, false);
  assert.deepEqual(states, ["lost"]);
});

test("the parser does not care where the text is cut", () => {
  const text = ": ping\n\n" + sse(1) + sse(2).replaceAll("\n", "\r\n");
  for (let cut = 0; cut <= text.length; cut += 1) {
    const parser = new SseParser();
    assert.equal([...parser.push(text.slice(0, cut)), ...parser.push(text.slice(cut))].length, 2, `cut at ${cut}`);
  }
});
