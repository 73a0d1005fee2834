// node postgraphile.mjs <socket folder> <database> <port>: PostGraphile 5 as its manual sets it up for production.
import { createServer } from "node:http";
import pg from "pg";
import { makePgService } from "postgraphile/adaptors/pg";
import { postgraphile } from "postgraphile";
import { grafserv } from "postgraphile/grafserv/node";
import { PostGraphileAmberPreset } from "postgraphile/presets/amber";

const [, , host, database, port] = process.argv;
// Connections are never given up for idleness, and all of them are opened by the warm-up.
const pool = new pg.Pool({ host, database, user: "postgres", max: 10, min: 10, idleTimeoutMillis: 0 });
const handler = postgraphile({
  extends: [PostGraphileAmberPreset],
  // Else it offers no filter on a column that is only the second of an index.
  disablePlugins: ["PgIndexBehaviorsPlugin"],
  pgServices: [makePgService({ pool, schemas: ["public"] })],
  grafserv: { graphiql: false, watch: false },
  grafast: { explain: false },
});
const server = createServer();
await handler.createServ(grafserv).addTo(server);
server.listen(Number(port), "127.0.0.1");
