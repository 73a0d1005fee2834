// node run.js <way> <address> <token>: pages through the pipeline, saves a draft, refetches it, is refused;
// prints what it met, or what stopped it at once.
const {
  Environment,
  Network,
  RecordSource,
  Store,
  commitMutation,
  createOperationDescriptor,
  fetchQuery,
  getPaginationVariables,
  getPaginationMetadata,
  getRefetchMetadata,
  getSingularSelector,
} = require("relay-runtime");
const made = (name) => require(`./__generated__/${name}.graphql.js`);

const [, , way, address, token] = process.argv;
const sent = [];

class Refused extends Error {
  constructor(errors) {
    super(errors[0].message);
    this.code = errors[0].extensions.code;
  }
}

// As Relay's guide has it: a compiled text where there is one, else the id of the persisted document.
async function ask(params, variables) {
  const body = params.text === null ? { [way]: params.id, variables } : { query: params.text, variables };
  sent.push({ method: "POST", names: Object.keys(body).sort() });
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  const answer = await fetch(address, { method: "POST", headers, body: JSON.stringify(body) });
  const read = await answer.json();
  if (read.errors) throw new Refused(read.errors);
  return read;
}

const environment = new Environment({ network: Network.create(ask), store: new Store(new RecordSource()) });
const read = (fragment, reference) => environment.lookup(getSingularSelector(fragment, reference)).data;
const commit = (mutation, variables) =>
  new Promise((done, failed) =>
    commitMutation(environment, {
      mutation,
      variables,
      onCompleted: (response) => done(response),
      onError: failed,
    }),
  );

async function main() {
  const list = made("pipeline_list");
  const root = await fetchQuery(environment, made("pipelineQuery"), { first: 2 }).toPromise();
  environment.retain(createOperationDescriptor(made("pipelineQuery"), { first: 2 }));
  const { connectionPathInFragmentData, paginationRequest, paginationMetadata } = getPaginationMetadata(list, "list");
  const seen = () => connectionPathInFragmentData.reduce((data, name) => data[name], read(list, root));
  const pages = [seen().edges.length];
  while (seen().pageInfo.hasNextPage) {
    const before = seen().edges.length;
    const known = { first: 2, after: null };
    const variables = getPaginationVariables(
      "forward", 2, seen().pageInfo.endCursor, known, {}, paginationMetadata,
    );
    await fetchQuery(environment, paginationRequest, variables).toPromise();
    pages.push(seen().edges.length - before);
  }
  const { edges, totalCount: total } = seen();
  const names = edges.map((edge) => edge.node.name);
  const { status, expectedAmount } = edges[0].node;

  const form = { name: "苏州工厂数据湖", expectedAmount: { amount: "350000.00", currency: "CNY" } };
  const answer = await commit(made("pipelineSaveMutation"), { input: { form, idempotencyKey: `relay-${way}` } });
  const reference = answer.opportunitySaveDraft.opportunity;
  const one = made("pipeline_one");
  const saved = read(one, reference);

  // Through `node`, as a component that shows this fragment would read it anew.
  const { refetchableRequest, identifierInfo } = getRefetchMetadata(one, "one");
  const again = await fetchQuery(environment, refetchableRequest, { id: saved.id }).toPromise();
  const refetched = { by: identifierInfo.identifierField, ...read(one, again.node) };

  let refused;
  try {
    const input = { id: saved.id, version: saved.version + 7, idempotencyKey: `relay-${way}-stale` };
    await commit(made("pipelineDeleteMutation"), { input });
  } catch (error) {
    refused = { own: error instanceof Refused, message: error.message, code: error.code };
  }
  console.log(JSON.stringify({ pages, names, total, status, expectedAmount, saved, refetched, refused, sent }));
}

main().catch(({ code, message }) => console.log(JSON.stringify({ stopped: { own: true, code, message }, sent })));
