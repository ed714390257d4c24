import { type ReactNode, useMemo } from "react";
import { useChains } from "../chain/PageChains.ts";
import { useSaved } from "../store/useSaved.ts";
import { AddressText } from "../ui/AddressText.tsx";
import { Card } from "../ui/Card.tsx";
import { Notice } from "../ui/Notice.tsx";
import { Screen } from "../ui/Screen.tsx";
import { AccountSection } from "./AccountSection.tsx";
import { managedAccounts } from "./ManagedAccount.ts";

/** Everything the user has allowed, with its current state on chain. */
export function ManageScreen(): ReactNode {
  const { accounts, grants } = useSaved();
  const chains = useChains();
  const managed = useMemo(() => managedAccounts({ accounts, grants }), [accounts, grants]);
  return (
    <Screen
      name="Manage"
      title="Manage"
      lead={<p className="quiet">What your agents can spend, live from the chain.</p>}
    >
      {managed.length === 0 && (
        <Notice title="Nothing has been allowed from this browser yet.">
          <p>
            Open the link your agent printed. If you allowed something on another device, import its file
            under Settings, or add your account on the <a href="#start">start page</a>.
          </p>
        </Notice>
      )}
      {managed.map((one) => {
        const asked = chains.find(({ settings }) => settings.id === one.chainId);
        return asked ? (
          <AccountSection key={one.name} asked={asked} managed={one} />
        ) : (
          <Card key={one.name} title={`Account on chain ${one.chainId}`}>
            <AddressText address={one.account} />
            <p>
              This page does not support that chain, so it cannot show the state of its {one.grants.length}{" "}
              session(s). Your agent may be able to spend.
            </p>
          </Card>
        );
      })}
    </Screen>
  );
}
