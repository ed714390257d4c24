import { type ReactNode, useState } from "react";
import { ManageScreen } from "./manage/ManageScreen.tsx";
import { OtherRequestScreen } from "./request/OtherRequestScreen.tsx";
import { RequestScreen } from "./request/RequestScreen.tsx";
import { useShownHash } from "./request/useShownHash.ts";
import { SettingsScreen } from "./settings/SettingsScreen.tsx";
import { StartScreen } from "./start/StartScreen.tsx";
import { Screen } from "./ui/Screen.tsx";
import { FailureBoundary } from "./wording/FailureBoundary.tsx";
import { FailureNotice } from "./wording/FailureNotice.tsx";
import { PageFailure } from "./wording/PageFailure.ts";

/** A site that frames the page could overlay the limits. */
const isFramed = window.top !== window.self;

/** The whole page: the URL's fragment decides which screen is shown. */
export function App(): ReactNode {
  const { hash, other, isReviewing, setReviewing, readOther, stay } = useShownHash();
  const [settingsOpen, setSettingsOpen] = useState(false);
  if (isFramed)
    return (
      <div className="frame">
        <Screen name="Open this page by itself" title="Open this page by itself">
          <FailureNotice error={new PageFailure("FRAMED")} />
        </Screen>
      </div>
    );
  const close = () => setSettingsOpen(false);
  return (
    <div className="frame">
      <header className="masthead">
        {/* biome-ignore lint/a11y/useValidAnchor: a link to a screen that also closes the settings */}
        <a className="masthead__name" href="#start" onClick={close}>
          <svg viewBox="0 0 20 20" aria-hidden="true" focusable="false">
            <path
              d="M7 3.5a4.5 4.5 0 1 0 0 9a4.5 4.5 0 1 0 0-9z M10.5 10.8 17 17.2 M14.2 14.4l2-2"
              fill="none"
              stroke="currentColor"
              strokeWidth="2"
              strokeLinecap="round"
            />
          </svg>
          Latchkey
        </a>
        <nav aria-label="Page">
          {/* biome-ignore lint/a11y/useValidAnchor: a link to a screen that also closes the settings */}
          <a href="#manage" onClick={close}>
            Manage
          </a>
          <button
            type="button"
            className="button button--text"
            aria-expanded={settingsOpen}
            onClick={() => setSettingsOpen(!settingsOpen)}
          >
            Settings
          </button>
        </nav>
      </header>
      {other !== undefined && (
        <OtherRequestScreen isReviewing={isReviewing} onRead={readOther} onStay={stay} />
      )}
      {settingsOpen && other === undefined && <SettingsScreen onClose={close} />}
      {/* The covered screen keeps its state: what was typed or chosen there is not lost. */}
      <div hidden={settingsOpen || other !== undefined}>
        <FailureBoundary key={hash}>
          {hash.startsWith("#request=") ? (
            <RequestScreen
              text={hash}
              isCovered={settingsOpen || other !== undefined}
              onReview={setReviewing}
            />
          ) : hash === "#manage" ? (
            <ManageScreen />
          ) : (
            <StartScreen />
          )}
        </FailureBoundary>
      </div>
    </div>
  );
}
