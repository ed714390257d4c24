import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./App.tsx";
import { listChains } from "./chain/ChainSettings.ts";
import { PageChains } from "./chain/PageChains.ts";
import { loadConfig } from "./chain/PageConfig.ts";
import "./style.css";

const root = document.getElementById("root");
if (!root) throw new Error("The page has no place for the app.");
const chains = listChains(await loadConfig());
createRoot(root).render(
  <StrictMode>
    <PageChains value={chains}>
      <App />
    </PageChains>
  </StrictMode>,
);
