// Runs graphql-http's audits against the address given, and prints their outcomes as JSON.
import { serverAudits } from "graphql-http";

const [, , url, token] = process.argv;
const headers = token ? { authorization: `Bearer ${token}` } : {};
const fetchFn = (address, options = {}) =>
  fetch(address, { ...options, headers: { ...headers, ...options.headers } });
const audits = serverAudits({ url, fetchFn });
const outcomes = [];
for (const audit of audits) {
  const outcome = await audit.fn();
  outcomes.push({ id: audit.id, name: audit.name, status: outcome.status, reason: outcome.reason ?? null });
}
console.log(JSON.stringify(outcomes));
