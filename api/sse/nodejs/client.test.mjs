// What the reference client sees of a platform, in both of its modes. nodejs_test.go runs this: it
// serves the API, and its control server changes an assessment or restarts the whole platform.

import assert from "node:assert/strict";
import test from "node:test";
import { createClient } from "graphql-sse";

const { MINGJIAN_SSE_URL: url, MINGJIAN_SSE_CONTROL: control } = process.env;
assert.ok(url && control, "MINGJIAN_SSE_URL or MINGJIAN_SSE_CONTROL is not set: run go test, which starts a platform and sets them");

// Guards against hanging: no test passes or fails by how fast a server is.
const patience = { timeout: 120_000 };

/** Asks for something to happen to the platform, and returns what it is like then. */
async function ask(what) {
  const response = await fetch(`${control}/${what}`, { method: "POST" });
  const text = await response.text();
  assert.ok(response.ok, `${what}: ${text}`);
  return JSON.parse(text);
}

/** A new assessment, with which no other test interferes. */
const open = () => ask("open");

/** One more event on an assessment; returns its revision. */
const change = (subject) => ask(`change?subject=${subject}`);

const assessment = (subject) => ({
  query: "subscription($subject: ID!) { assessmentChanged(round: \"r\", subject: $subject) { subject revision } }",
  variables: { subject },
});

const shown = ({ data, errors }) => {
  assert.equal(errors, undefined);
  return data.assessmentChanged;
};

/** Reads a subscription until it shows a revision, which each change raises by one. */
async function reach(iterator, subject, revision) {
  for (let before = -1; ; ) {
    const { value, done } = await iterator.next();
    assert.ok(!done, `completed before revision ${revision}`);
    const state = shown(value);
    assert.equal(state.subject, subject);
    assert.ok(state.revision >= before, `revision ${state.revision} after ${before}`);
    assert.match(value.extensions.position, /^\d+$/);
    if (state.revision === revision) return;
    before = state.revision;
  }
}

for (const singleConnection of [false, true]) {
  const mode = singleConnection ? "single connection" : "distinct connections";

  function connect(t, options) {
    const client = createClient({ url, singleConnection, retryAttempts: 0, headers: { "X-Account": "organizer" }, ...options });
    t.after(() => client.dispose());
    return client;
  }

  test(`${mode}: a query`, patience, async (t) => {
    const results = [];
    for await (const result of connect(t).iterate({ query: "query Head { head { logId } }", operationName: "Head" })) {
      results.push(result);
    }
    assert.equal(results.length, 1);
    assert.ok(results[0].data.head.logId);
  });

  test(`${mode}: a command`, patience, async (t) => {
    const { subject } = await open();
    const input = {
      commandId: crypto.randomUUID(), round: "r", subject,
      scores: [{ clause: "1.1.1", outcome: "lost", points: "0.50", reason: "现场所见", method: "siteVisit", observedAt: "2022-10-10T09:30:00+08:00" }],
    };
    const request = { query: "mutation($input: RecordScoresInput!) { recordScores(input: $input) { revision } }", variables: { input } };
    for await (const { data, errors } of connect(t, { headers: { "X-Account": "assessor" } }).iterate(request)) {
      assert.equal(errors, undefined);
      assert.equal(data.recordScores.revision, 2);
    }
  });

  test(`${mode}: a subscription`, patience, async (t) => {
    const { subject, revision } = await open();
    const client = connect(t);
    const states = client.iterate(assessment(subject));
    await reach(states, subject, revision);
    await reach(states, subject, (await change(subject)).revision);
    await reach(states, subject, (await change(subject)).revision);
  });

  test(`${mode}: several subscriptions, of which one is left`, patience, async (t) => {
    const [a, b] = [await open(), await open()];
    const client = connect(t);
    const ofA = client.iterate(assessment(a.subject));
    const ofB = client.iterate(assessment(b.subject));
    await reach(ofA, a.subject, a.revision);
    await reach(ofB, b.subject, b.revision);
    await ofA.return();
    await change(a.subject);
    await reach(ofB, b.subject, (await change(b.subject)).revision);
    // The client's id of an operation is free again, and so is its place.
    await reach(client.iterate(assessment(a.subject)), a.subject, (await change(a.subject)).revision);
  });

  test(`${mode}: round progress`, patience, async (t) => {
    const progress = connect(t).iterate({ query: "subscription { roundProgress(round: \"r\") { centers { inWork } } }" });
    const inWork = async () => {
      const { value } = await progress.next();
      assert.equal(value.errors, undefined);
      return value.data.roundProgress.centers.inWork;
    };
    const before = await inWork();
    await open();
    assert.equal(await inWork(), before + 1);
  });

  test(`${mode}: what is wrong with an operation`, patience, async (t) => {
    const results = [];
    const read = async () => {
      for await (const result of connect(t).iterate({ query: "subscription { nothing }" })) results.push(result);
    };
    if (singleConnection) {
      await assert.rejects(read, (error) => error.response.status === 400);
    } else {
      await read();
      assert.equal(results.length, 1);
      assert.equal(results[0].errors[0].extensions.code, "GRAPHQL_VALIDATION_FAILED");
    }
  });

  test(`${mode}: comes back after a restart`, patience, async (t) => {
    const { subject, revision } = await open();
    let reconnected = 0;
    const client = connect(t, {
      retryAttempts: 1000,
      retry: () => new Promise((resolve) => setTimeout(resolve, 100)),
      on: { connected: (again) => again && reconnected++ },
    });
    const states = client.iterate(assessment(subject));
    await reach(states, subject, revision);
    await ask("restart");
    // A state that has not changed is sent again, as the first of the new stream.
    await reach(states, subject, (await change(subject)).revision);
    assert.ok(reconnected > 0, "the old connection survived");
  });
}
