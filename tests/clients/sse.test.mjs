// graphql-sse, with a connection for each operation, against the server at QUARRY_URL.
import assert from "node:assert/strict";
import test from "node:test";
import { createClient } from "graphql-sse";

const url = process.env.QUARRY_URL;
const client = (options) => createClient({ url, retryAttempts: 0, ...options });

/** The answers to an operation, to its end. */
async function answers(client, operation) {
  const all = [];
  for await (const answer of client.iterate(operation)) {
    all.push(answer);
  }
  return all;
}

test("queries and mutations are answered once", async () => {
  const query = "query Find($text: String!) { search(query: $text) { totalCount } }";
  const variables = { text: "nothing of the kind" };
  assert.deepEqual(await answers(client(), { query, variables }), [{ data: { search: { totalCount: 0 } } }]);
  const mutation = "mutation { deleteDocuments(input: { ids: [] }) { deleted } }";
  assert.deepEqual(await answers(client(), { query: mutation }), [{ data: { deleteDocuments: { deleted: 0 } } }]);
});

test("what is refused ends with its errors", async () => {
  const [{ data, errors }, ...others] = await answers(client(), { query: "{ nonsense }" });
  assert.equal(data, undefined);
  assert.equal(errors[0].extensions.code, "GRAPHQL_VALIDATION_FAILED");
  assert.deepEqual(others, []);
});

test("a subscription is heard until its client has had enough", async () => {
  const sse = client();
  const session = `sse-${process.pid}`;
  const log = "mutation Log($input: LogKeystrokeInput!) { logKeystroke(input: $input) { accepted } }";
  let sequence = 0;
  let heard;
  // Typed until the subscription, which takes a moment to begin, has heard of it.
  const type = async () => {
    while (!heard) {
      const input = { sessionId: session, text: `tea ${sequence}`, sequence };
      const [answer] = await answers(client(), { query: log, variables: { input } });
      assert.equal(answer.data.logKeystroke.accepted, true);
      sequence += 1;
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
  };
  const listen = async () => {
    for await (const { data } of sse.iterate({ query: "subscription { searchLogged { sessionId query } }" })) {
      if (data.searchLogged.sessionId === session) {
        heard = data.searchLogged.query;
        break;
      }
    }
  };
  await Promise.all([listen(), type()]);
  assert.match(heard, /^tea \d+$/);
  sse.dispose();
});

test("what is no GraphQL request is an error of the connection", async () => {
  await assert.rejects(answers(client({ url: `${url}/nowhere` }), { query: "{ __typename }" }));
});
