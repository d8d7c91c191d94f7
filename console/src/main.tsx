import { ApolloProvider } from "@apollo/client/react";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { createApollo } from "./apollo";
import { App } from "./app";
import { applyTheme } from "./settings";
import "./styles/base.css";
import "./styles/controls.css";
import "./styles/shell.css";
import "./styles/search.css";
import "./styles/results.css";

applyTheme();
const client = createApollo();
const root = document.getElementById("root");
if (!root) throw new Error("the page has no root");
createRoot(root).render(
  <StrictMode>
    <ApolloProvider client={client}>
      <App />
    </ApolloProvider>
  </StrictMode>,
);
