// node run.ts <way> <address> <token>: pages through the pipeline, saves a draft, is refused; prints what it met.
import {
  DeleteDocument,
  PipelineDocument,
  SaveDocument,
  type PipelineQuery,
  type TypedDocumentString,
} from "./generated/graphql.ts";

const [, , way, address, token] = process.argv;
const sent: { method: string; names: string[] }[] = [];

class Refused extends Error {
  code: string;
  constructor(errors: { message: string; extensions: { code: string } }[]) {
    super(errors[0].message);
    this.code = errors[0].extensions.code;
  }
}

// As the guide of graphql-codegen has it: the document's text, or its hash alone.
async function execute<Result, Variables>(document: TypedDocumentString<Result, Variables>, variables: Variables) {
  const body =
    way === "text"
      ? { query: document.toString(), variables }
      : { documentId: (document as any).__meta__.hash, variables };
  sent.push({ method: "POST", names: Object.keys(body).sort() });
  const answer = await fetch(address, {
    method: "POST",
    headers: {
      authorization: `Bearer ${token}`,
      "content-type": "application/json",
      accept: "application/graphql-response+json",
    },
    body: JSON.stringify(body),
  });
  const { data, errors } = await answer.json();
  if (errors) throw new Refused(errors);
  return data as Result;
}

type Row = NonNullable<PipelineQuery["opportunities"]>["edges"][number]["node"];

const rows: Row[] = [];
const pages: number[] = [];
let total;
let after: string | null | undefined = null;
let more = true;
while (more) {
  const { opportunities } = await execute(PipelineDocument, { first: 2, after });
  pages.push(opportunities!.edges.length);
  rows.push(...opportunities!.edges.map((edge) => edge.node));
  total = opportunities!.totalCount;
  ({ hasNextPage: more, endCursor: after } = opportunities!.pageInfo);
}
const names = rows.map((row) => row.name);
const { status, expectedAmount } = rows[0];

const form = { name: "苏州工厂数据湖", expectedAmount: { amount: "350000.00", currency: "CNY" } };
const answer = await execute(SaveDocument, { input: { form, idempotencyKey: `codegen-${way}` } });
const saved = answer.opportunitySaveDraft!.opportunity!;

let refused;
try {
  const input = { id: saved.id, version: saved.version + 7, idempotencyKey: `codegen-${way}-stale` };
  await execute(DeleteDocument, { input });
} catch (error) {
  refused = { own: error instanceof Refused, message: error.message, code: error.code };
}
console.log(JSON.stringify({ pages, names, total, status, expectedAmount, saved, refused, sent }));
