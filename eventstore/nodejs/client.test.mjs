// What the official Node.js client does with an event store, the embedded node or a real one:
// stream names are new in each run, positions may have any distance, and others may write to $all
// at any time. nodejs_test.go runs this and says where the store is.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import test from "node:test";
import {
  ANY,
  BACKWARDS,
  binaryEvent,
  END,
  EventStoreDBClient,
  FORWARDS,
  jsonEvent,
  MaxAppendSizeExceededError,
  NO_STREAM,
  START,
  STREAM_EXISTS,
  StreamDeletedError,
  StreamNotFoundError,
  streamNameFilter,
  WrongExpectedVersionError,
} from "@eventstore/db-client";

const address = process.env.MINGJIAN_NODEJS_ESDB;
assert.ok(address, "MINGJIAN_NODEJS_ESDB is not set: run go test, which starts a node and sets it");

// Guards against hanging: no test passes or fails by how fast a store is.
const patience = { timeout: 60_000 };

// Each test has its own client: this client gives up its whole channel when one call is cancelled,
// and would take the next test's first call with it.
function connect(t) {
  const client = EventStoreDBClient.connectionString(address);
  t.after(() => client.dispose());
  return client;
}

const unique = (prefix) => `${prefix}-${randomUUID().replaceAll("-", "")}`;

const events = (count, type = "Happened") =>
  Array.from({ length: count }, (_, n) => jsonEvent({ type, data: { n }, metadata: { by: "nodejs" } }));

const ids = (list) => list.map((e) => e.id);

const revisions = (list) => list.map((e) => e.revision);

/** Everything that a read gives, of one stream if named. */
async function collect(read, stream) {
  const list = [];
  for await (const { event } of read) {
    if (!stream || event?.streamId === stream) list.push(event);
  }
  return list;
}

/** The first events of a stream that a read or subscription gives. What follows is left unread. */
async function take(iterator, count, stream) {
  const list = [];
  while (list.length < count) {
    const { value, done } = await iterator.next();
    assert.ok(!done, `ended after ${list.length} of ${count} events`);
    if (!stream || value.event?.streamId === stream) list.push(value.event);
  }
  return list;
}

/** What a promise is rejected with, which has to be an error of the class. */
async function failure(promise, type) {
  try {
    await promise;
  } catch (error) {
    assert.ok(error instanceof type, `want ${type.name}, got ${error}`);
    return error;
  }
  assert.fail(`want ${type.name}, got no error`);
}

// The client prefers BatchAppend where the server lists it. The embedded node does not, so these
// succeed there only by way of Append.
test("append", patience, async (t) => {
  const client = connect(t);

  await t.test("one event, then several", async () => {
    const stream = unique("append");
    const [first, ...rest] = events(4);
    const one = await client.appendToStream(stream, first, { expectedRevision: NO_STREAM });
    assert.equal(one.success, true);
    assert.equal(one.nextExpectedRevision, 0n);
    const several = await client.appendToStream(stream, rest, { expectedRevision: one.nextExpectedRevision });
    assert.equal(several.nextExpectedRevision, 3n);
    assert.ok(several.position.commit > one.position.commit);

    const list = await collect(client.readStream(stream));
    assert.deepEqual(ids(list), ids([first, ...rest]));
    assert.deepEqual(list[0].position, one.position);
    assert.deepEqual(list[3].position, several.position);
  });

  await t.test("any and stream exists", async () => {
    const stream = unique("append");
    assert.equal((await client.appendToStream(stream, events(1), { expectedRevision: ANY })).nextExpectedRevision, 0n);
    assert.equal((await client.appendToStream(stream, events(1), { expectedRevision: STREAM_EXISTS })).nextExpectedRevision, 1n);
  });

  await t.test("keeps what it was given", async () => {
    const stream = unique("append");
    const json = jsonEvent({ type: "明鉴.v1", data: { title: "数字化改革", points: [1, 2.5] }, metadata: { actor: "省" } });
    const binary = binaryEvent({ type: "bytes.v1", data: Uint8Array.of(0, 1, 0x80, 0xff), metadata: Uint8Array.of(0xfe, 0) });
    await client.appendToStream(stream, [json, binary], { expectedRevision: NO_STREAM });
    const list = await collect(client.readStream(stream));
    for (const [i, given] of [json, binary].entries()) {
      const { id, type, streamId, revision, isJson, created } = list[i];
      assert.deepEqual({ id, type, streamId, revision, isJson }, { id: given.id, type: given.type, streamId: stream, revision: BigInt(i), isJson: given === json });
      assert.ok(created.getTime() > 0, "an event without its time");
    }
    assert.deepEqual(list[0].data, json.data);
    assert.deepEqual(list[0].metadata, json.metadata);
    assert.deepEqual(Buffer.from(list[1].data), Buffer.from(binary.data));
    assert.deepEqual(Buffer.from(list[1].metadata), Buffer.from(binary.metadata));
  });

  await t.test("a retry gets the first answer, and appends nothing", async () => {
    const stream = unique("append");
    await client.appendToStream(stream, events(1), { expectedRevision: NO_STREAM });
    const sent = events(2);
    const first = await client.appendToStream(stream, sent, { expectedRevision: 0n });
    const again = await client.appendToStream(stream, sent, { expectedRevision: 0n });
    assert.equal(again.nextExpectedRevision, first.nextExpectedRevision);
    assert.deepEqual(revisions(await collect(client.readStream(stream))), [0n, 1n, 2n]);
  });

  await t.test("too much at once is refused with the limit", async () => {
    const stream = unique("append");
    const large = Array.from({ length: 3 }, () => binaryEvent({ type: "Large", data: new Uint8Array(600_000) }));
    const error = await failure(client.appendToStream(stream, large, { expectedRevision: NO_STREAM }), MaxAppendSizeExceededError);
    assert.equal(error.maxAppendSize, 1_048_576);
    await failure(collect(client.readStream(stream)), StreamNotFoundError);
  });
});

test("wrong expected revision", patience, async (t) => {
  const client = connect(t);
  const stream = unique("revision");
  const missing = unique("revision");
  await client.appendToStream(stream, events(3), { expectedRevision: NO_STREAM });
  for (const [name, target, expectedRevision, expectedVersion, actualVersion] of [
    ["ahead", stream, 7n, 7n, 2n],
    ["behind", stream, 1n, 1n, 2n],
    ["no stream, but there is", stream, NO_STREAM, "no_stream", 2n],
    ["a revision, but there is no stream", missing, 4n, 4n, "no_stream"],
    ["stream exists, but it does not", missing, STREAM_EXISTS, "stream_exists", "no_stream"],
  ]) {
    await t.test(name, async () => {
      const error = await failure(client.appendToStream(target, events(1), { expectedRevision }), WrongExpectedVersionError);
      assert.equal(error.streamName, target);
      assert.equal(error.expectedVersion, expectedVersion);
      assert.equal(error.actualVersion, actualVersion);
    });
  }
  for (const operation of ["deleteStream", "tombstoneStream"]) {
    await t.test(operation, async () => {
      const error = await failure(client[operation](stream, { expectedRevision: 1n }), WrongExpectedVersionError);
      assert.deepEqual([error.streamName, error.expectedVersion, error.actualVersion], [stream, 1n, 2n]);
    });
  }
  await t.test("nothing was written", async () => {
    assert.deepEqual(revisions(await collect(client.readStream(stream))), [0n, 1n, 2n]);
    await failure(collect(client.readStream(missing)), StreamNotFoundError);
  });
});

test("read a stream", patience, async (t) => {
  const client = connect(t);
  const stream = unique("stream");
  const sent = events(600); // more than a page of the node
  await client.appendToStream(stream, sent, { expectedRevision: NO_STREAM });
  const read = (options) => collect(client.readStream(stream, options));

  await t.test("forwards", async () => {
    assert.deepEqual(ids(await read()), ids(sent));
    assert.deepEqual(revisions(await read({ fromRevision: 598n })), [598n, 599n]);
    assert.deepEqual(revisions(await read({ fromRevision: 300n, maxCount: 2 })), [300n, 301n]);
    assert.deepEqual(await read({ fromRevision: 600n }), []);
  });

  await t.test("backwards", async () => {
    assert.deepEqual(ids(await read({ direction: BACKWARDS, fromRevision: END })), ids(sent).reverse());
    assert.deepEqual(revisions(await read({ direction: BACKWARDS, fromRevision: 1n })), [1n, 0n]);
    assert.deepEqual(revisions(await read({ direction: BACKWARDS, fromRevision: END, maxCount: 2 })), [599n, 598n]);
  });

  await t.test("that does not exist", async () => {
    const missing = unique("stream");
    assert.equal((await failure(collect(client.readStream(missing)), StreamNotFoundError)).streamName, missing);
  });
});

test("read $all", patience, async (t) => {
  const client = connect(t);
  const stream = unique("all");
  const sent = events(5);
  const first = await client.appendToStream(stream, sent[0], { expectedRevision: NO_STREAM });
  const last = await client.appendToStream(stream, sent.slice(1), { expectedRevision: 0n });

  await t.test("forwards, from the position on", async () => {
    const list = await collect(client.readAll({ direction: FORWARDS, fromPosition: first.position }), stream);
    assert.deepEqual(ids(list), ids(sent));
    for (let i = 1; i < list.length; i++) {
      assert.ok(list[i].position.commit > list[i - 1].position.commit, `position does not rise at event ${i}`);
    }
    const [begin] = await collect(client.readAll({ direction: FORWARDS, fromPosition: START, maxCount: 1 }));
    assert.ok(begin.position.commit <= first.position.commit);
  });

  await t.test("backwards, from the end and from before a position", async () => {
    const backwards = (fromPosition) => client.readAll({ direction: BACKWARDS, fromPosition })[Symbol.asyncIterator]();
    assert.deepEqual(ids(await take(backwards(END), 5, stream)), ids(sent).reverse());
    assert.deepEqual(ids(await take(backwards(last.position), 4, stream)), ids(sent.slice(0, 4)).reverse());
  });
});

test("subscribe to $all by stream name: history, caught up, live", patience, async (t) => {
  const client = connect(t);
  const prefix = unique("subscription");
  const [a, b, other] = [`${prefix}-a`, `${prefix}-b`, unique("other")];
  const history = events(3);
  await client.appendToStream(a, history.slice(0, 2), { expectedRevision: NO_STREAM });
  await client.appendToStream(other, events(40), { expectedRevision: NO_STREAM });
  await client.appendToStream(b, history.slice(2), { expectedRevision: NO_STREAM });

  const subscription = client.subscribeToAll({ fromPosition: START, filter: streamNameFilter({ prefixes: [prefix] }) });
  const received = subscription[Symbol.asyncIterator]();
  // Caught up comes before anything live is written, so that it cannot follow from that.
  const [old] = await Promise.all([take(received, 3), once(subscription, "caughtUp")]);
  assert.deepEqual(ids(old), ids(history));

  const live = events(2);
  await client.appendToStream(other, events(1), { expectedRevision: 39n });
  await client.appendToStream(b, live[0], { expectedRevision: 0n });
  await client.appendToStream(a, live[1], { expectedRevision: 1n });
  assert.deepEqual(ids(await take(received, 2)), ids(live));
  await subscription.unsubscribe();
});

test("a deleted stream is not found until it is appended to, which goes on numbering", patience, async (t) => {
  const client = connect(t);
  const stream = unique("deleted");
  await client.appendToStream(stream, events(2), { expectedRevision: NO_STREAM });
  assert.ok((await client.deleteStream(stream, { expectedRevision: 1n })).position.commit > 0n);
  assert.equal((await failure(collect(client.readStream(stream)), StreamNotFoundError)).streamName, stream);
  const refused = client.appendToStream(stream, events(1), { expectedRevision: STREAM_EXISTS });
  assert.equal((await failure(refused, StreamDeletedError)).streamName, stream);

  await client.appendToStream(stream, events(2), { expectedRevision: NO_STREAM });
  assert.deepEqual(revisions(await collect(client.readStream(stream))), [2n, 3n]);
  assert.equal((await client.getStreamMetadata(stream)).metadata.truncateBefore, 2);
});

test("a tombstoned stream is deleted for ever", patience, async (t) => {
  const client = connect(t);
  const stream = unique("tombstoned");
  await client.appendToStream(stream, events(2), { expectedRevision: NO_STREAM });
  assert.ok((await client.tombstoneStream(stream, { expectedRevision: 1n })).position.commit > 0n);
  for (const [name, call] of Object.entries({
    read: () => collect(client.readStream(stream)),
    append: () => client.appendToStream(stream, events(1), { expectedRevision: ANY }),
    "append of nothing before": () => client.appendToStream(stream, events(1), { expectedRevision: NO_STREAM }),
    delete: () => client.deleteStream(stream),
    tombstone: () => client.tombstoneStream(stream),
  })) {
    await t.test(name, async () => {
      assert.equal((await failure(call(), StreamDeletedError)).streamName, stream);
    });
  }
});

test("stream metadata", patience, async (t) => {
  const client = connect(t);
  const stream = unique("metadata");
  await client.appendToStream(stream, events(5), { expectedRevision: NO_STREAM });
  assert.deepEqual(await client.getStreamMetadata(stream), { streamName: stream });

  const set = { maxCount: 2, maxAge: 86_400, owner: "省" };
  const written = await client.setStreamMetadata(stream, set, { expectedRevision: NO_STREAM });
  assert.equal(written.nextExpectedRevision, 0n);
  assert.deepEqual((await client.getStreamMetadata(stream)).metadata, set);
  assert.deepEqual(revisions(await collect(client.readStream(stream))), [3n, 4n]);

  await client.setStreamMetadata(stream, { truncateBefore: 1 }, { expectedRevision: 0n });
  assert.deepEqual(revisions(await collect(client.readStream(stream))), [1n, 2n, 3n, 4n]);
  const late = client.setStreamMetadata(stream, {}, { expectedRevision: 0n });
  assert.equal((await failure(late, WrongExpectedVersionError)).actualVersion, 1n);
});
