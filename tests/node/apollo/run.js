// node run.js <way> <address> <token>: pages through the pipeline, saves a draft, is refused; prints what it met, or
// what stopped it at once.
import { ApolloClient, CombinedGraphQLErrors, InMemoryCache } from "@apollo/client";
import { relayStylePagination } from "@apollo/client/utilities";
import { filter, firstValueFrom } from "rxjs";
import { linkFor, sent } from "./links.js";
import { DELETE, PIPELINE, SAVE } from "./operations.js";

const [, , way, uri, token] = process.argv;
const cache = new InMemoryCache({
  typePolicies: { Query: { fields: { opportunities: relayStylePagination() } } },
});
const client = new ApolloClient({ cache, link: linkFor(way, uri, token) });

const rows = client.watchQuery({ query: PIPELINE, variables: { first: 2 } });
const first = await firstValueFrom(rows.pipe(filter((result) => !result.loading)));
if (first.error) {
  const stopped = { own: CombinedGraphQLErrors.is(first.error), code: first.error.errors?.[0].extensions.code };
  console.log(JSON.stringify({ stopped, sent }));
  process.exit();
}
const pages = [first.data.opportunities.edges.length];
const watching = rows.subscribe(() => {});
let { hasNextPage, endCursor } = first.data.opportunities.pageInfo;
while (hasNextPage) {
  const { data } = await rows.fetchMore({ variables: { after: endCursor } });
  pages.push(data.opportunities.edges.length);
  ({ hasNextPage, endCursor } = data.opportunities.pageInfo);
}
watching.unsubscribe();
// All pages, as the cache has put them together.
const { data } = await client.query({ query: PIPELINE, variables: { first: 2 }, fetchPolicy: "cache-only" });
const names = data.opportunities.edges.map(({ node }) => node.name);
const { expectedAmount, status } = data.opportunities.edges[0].node;

const form = { name: "苏州工厂数据湖", expectedAmount: { amount: "350000.00", currency: "CNY" } };
const variables = { input: { form, idempotencyKey: `apollo-${way}` } };
const saved = (await client.mutate({ mutation: SAVE, variables })).data.opportunitySaveDraft.opportunity;

let refused;
try {
  const input = { id: saved.id, version: saved.version + 7, idempotencyKey: `apollo-${way}-stale` };
  await client.mutate({ mutation: DELETE, variables: { input } });
} catch (error) {
  const [{ message, extensions }] = error.errors;
  refused = { own: CombinedGraphQLErrors.is(error), message, code: extensions.code };
}
const total = data.opportunities.totalCount;
console.log(JSON.stringify({ pages, names, total, status, expectedAmount, saved, refused, sent }));
