import type { ModularAccount } from "@latchkey/accounts/erc7579/ModularAccount";
import { MODULAR_ACCOUNTS, type ModularAccountName } from "../../environment/erc7579/World7579.ts";
import { useWorld, world } from "./fixture.ts";

/**
 * Declares the same tests for every account.
 * @param tests What to declare; `account()` gives the account, from within a test.
 * @param concerns Which accounts they are for. Default: all.
 */
export function onEveryAccount(
  tests: (account: () => ModularAccount) => void,
  concerns: (name: ModularAccountName) => boolean = () => true,
) {
  for (const name of MODULAR_ACCOUNTS.filter(concerns)) {
    describe(`on ${name}`, function () {
      this.timeout(60_000);
      useWorld();
      tests(() => world().accounts[name]);
    });
  }
}
