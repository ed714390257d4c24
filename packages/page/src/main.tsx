import "./noEval.ts";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./App.tsx";
import { listChains } from "./chain/ChainSettings.ts";
import { PageChains } from "./chain/PageChains.ts";
import { loadConfig } from "./chain/PageConfig.ts";
import { Screen } from "./ui/Screen.tsx";
import { FailureNotice } from "./wording/FailureNotice.tsx";
import { PageFailure } from "./wording/PageFailure.ts";
import "./style.css";

const root = document.getElementById("root");
if (!root) throw new Error("The page has no #root element.");
const config = await loadConfig().catch((error: unknown) => new PageFailure("CONFIG_UNREADABLE", {}, error));
createRoot(root).render(
  <StrictMode>
    {config instanceof PageFailure ? (
      <div className="frame">
        <Screen name="Latchkey" title="Latchkey">
          <FailureNotice error={config} />
        </Screen>
      </div>
    ) : (
      <PageChains value={listChains(config)}>
        <App />
      </PageChains>
    )}
  </StrictMode>,
);
