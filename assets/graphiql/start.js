// Opens GraphiQL on this server. Addresses are relative to the page, so that a proxy may put
// the server under any path.
"use strict";

const endpoint = new URL("graphql", document.baseURI);
const subscriptions = new URL("graphql/ws", document.baseURI);
subscriptions.protocol = subscriptions.protocol === "https:" ? "wss:" : "ws:";

const tabs = JSON.parse(document.getElementById("tabs").textContent);

// Headers typed into the editor, such as Authorization, go with subscriptions too: GraphiQL
// sends them as the parameters of the connection.
const fetcher = GraphiQL.createFetcher({
  url: endpoint.href,
  subscriptionUrl: subscriptions.href,
});

ReactDOM.createRoot(document.getElementById("graphiql")).render(
  React.createElement(
    GraphiQL,
    { fetcher, defaultTabs: tabs, defaultEditorToolsVisibility: true },
    React.createElement(GraphiQL.Logo, null, "quarry"),
  ),
);
