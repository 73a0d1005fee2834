// node vector.js <address> <token>: shakes hands over the document that the appendix on persisted documents publishes.
import { createHash } from "node:crypto";
import { ApolloClient, HttpLink, InMemoryCache, gql } from "@apollo/client";
import { PersistedQueryLink } from "@apollo/client/link/persisted-queries";

const [, , uri, token] = process.argv;
const hashes = [];
const remembered = (address, options) => {
  hashes.push(JSON.parse(options.body).extensions.persistedQuery.sha256Hash);
  return fetch(address, options);
};
const sha256 = (text) => createHash("sha256").update(text).digest("hex");
const http = new HttpLink({ uri, headers: { authorization: `Bearer ${token}` }, fetch: remembered });
// Without __typename, which Apollo Client would add, its text is the published one.
const cache = new InMemoryCache();
cache.transformDocument = (document) => document;
const client = new ApolloClient({ cache, link: new PersistedQueryLink({ sha256 }).concat(http) });
const query = gql`
  query ($id: ID!) {
    user(id: $id) {
      name
    }
  }
`;
const { error } = await client.query({ query, variables: { id: "QVBJcy5ndXJ1" }, errorPolicy: "all" });
console.log(JSON.stringify({ hashes, code: error.errors[0].extensions.code }));
