// The ways on which Apollo Client sends an operation: its own links, composed as its manual does.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { HttpLink } from "@apollo/client";
import { PersistedQueryLink } from "@apollo/client/link/persisted-queries";
import { generatePersistedQueryIdsFromManifest } from "@apollo/persisted-query-lists";

export const sent = [];

function remembered(uri, options) {
  const body = options.body ? JSON.parse(options.body) : Object.fromEntries(new URL(uri).searchParams);
  sent.push({ method: options.method, names: Object.keys(body).sort() });
  return fetch(uri, options);
}

export function linkFor(way, uri, token) {
  const headers = { authorization: `Bearer ${token}` };
  const http = (options = {}) => new HttpLink({ uri, headers, fetch: remembered, ...options });
  const sha256 = (text) => createHash("sha256").update(text).digest("hex");
  switch (way) {
    case "post":
      return http();
    case "get":
      return http({ useGETForQueries: true });
    case "apq":
      return new PersistedQueryLink({ sha256 }).concat(http());
    case "apq-get":
      return new PersistedQueryLink({ sha256, useGETForHashedQueries: true }).concat(http());
    case "manifest":
    case "manifest-get": {
      const loadManifest = () => JSON.parse(readFileSync("persisted-query-manifest.json", "utf8"));
      const ids = generatePersistedQueryIdsFromManifest({ loadManifest });
      const useGETForHashedQueries = way === "manifest-get";
      return new PersistedQueryLink({ ...ids, useGETForHashedQueries }).concat(http());
    }
  }
  throw new Error(`no such way: ${way}`);
}
