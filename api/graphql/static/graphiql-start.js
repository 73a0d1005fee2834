// Starts GraphiQL on the address of this page. `?q=` fills the editor; headers are not kept.
const address = window.location.href.split(/[?#]/)[0];
const given = new URLSearchParams(window.location.search);
const example = `# Give your token below, under Headers: {"Authorization": "Bearer …"}
# 请在下方 Headers 中填写令牌。

{
  __typename
}
`;

function Workbench() {
  const [query, setQuery] = React.useState(given.get("q") || example);
  return React.createElement(GraphiQL, {
    fetcher: GraphiQL.createFetcher({ url: address }),
    plugins: [GraphiQLPluginExplorer.explorerPlugin()],
    query,
    onEditQuery: setQuery,
    variables: given.get("variables") || undefined,
    defaultEditorToolsVisibility: true,
    inputValueDeprecation: true,
    isHeadersEditorEnabled: true,
    shouldPersistHeaders: false,
  });
}

ReactDOM.createRoot(document.getElementById("graphiql")).render(React.createElement(Workbench));
