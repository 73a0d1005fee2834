// node run.js <way> <address> <token>: pages through the pipeline, saves a draft, is refused; prints what it met, or
// what stopped it at once.
import { readFileSync } from "node:fs";
import { CombinedError, cacheExchange, createClient, fetchExchange, gql } from "@urql/core";
import { persistedExchange } from "@urql/exchange-persisted";

const [, , way, url, token] = process.argv;
const sent = [];
function remembered(address, options) {
  const body = options.body ? JSON.parse(options.body) : Object.fromEntries(new URL(address).searchParams);
  sent.push({ method: options.method ?? "GET", names: Object.keys(body).sort() });
  return fetch(address, options);
}

// By id the documents come from graphql-codegen, which has noted the hash of each; else from the files themselves.
const read = (name) => gql(readFileSync(`../operations/${name}.graphql`, "utf8"));
const made = way === "ids" ? await import("./generated/graphql.ts") : {};
const PIPELINE = made.PipelineDocument ?? read("Pipeline");
const SAVE = made.SaveDocument ?? read("Save");
const DELETE = made.DeleteDocument ?? read("Delete");

const exchanges = {
  post: () => [],
  apq: () => [persistedExchange({ enableForMutation: true, preferGetForPersistedQueries: false })],
  ids: () => [
    persistedExchange({
      enforcePersistedQueries: true,
      enableForMutation: true,
      preferGetForPersistedQueries: false,
      generateHash: (_, document) => Promise.resolve(document.__meta__.hash),
    }),
  ],
  "apq-get": () => [persistedExchange({ enableForMutation: false, preferGetForPersistedQueries: true })],
};
const client = createClient({
  url,
  preferGetMethod: false,
  fetch: remembered,
  fetchOptions: { headers: { authorization: `Bearer ${token}` } },
  exchanges: [cacheExchange, ...exchanges[way](), fetchExchange],
});

const pages = [];
const rows = [];
let total;
let more = { hasNextPage: true, endCursor: null };
while (more.hasNextPage) {
  const { data, error } = await client.query(PIPELINE, { first: 2, after: more.endCursor });
  if (error) {
    const stopped = { own: error instanceof CombinedError, code: error.graphQLErrors[0]?.extensions.code };
    console.log(JSON.stringify({ stopped, sent }));
    process.exit();
  }
  pages.push(data.opportunities.edges.length);
  rows.push(...data.opportunities.edges.map((edge) => edge.node));
  total = data.opportunities.totalCount;
  more = data.opportunities.pageInfo;
}
const names = rows.map((row) => row.name);
const { status, expectedAmount } = rows[0];

const form = { name: "苏州工厂数据湖", expectedAmount: { amount: "350000.00", currency: "CNY" } };
const answer = await client.mutation(SAVE, { input: { form, idempotencyKey: `urql-${way}` } });
if (answer.error) throw answer.error;
const saved = answer.data.opportunitySaveDraft.opportunity;

const input = { id: saved.id, version: saved.version + 7, idempotencyKey: `urql-${way}-stale` };
const { error } = await client.mutation(DELETE, { input });
const [{ message, extensions }] = error.graphQLErrors;
const refused = { own: error instanceof CombinedError, message, code: extensions.code };
console.log(JSON.stringify({ pages, names, total, status, expectedAmount, saved, refused, sent }));
