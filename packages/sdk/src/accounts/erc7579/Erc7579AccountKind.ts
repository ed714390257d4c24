/**
 * The kind of ERC-7579 account. The standard leaves it to each account how a userOp's nonce and a signature select a
 * validator, and how a module's own installation data is wrapped.
 *
 * `openzeppelin`: AccountERC7579 of OpenZeppelin Contracts. `reference`: the standard's reference account, "MSA".
 * `nexus`: Biconomy's. `kernel`: ZeroDev's, version 3.1;
 * `kernel-0.3.2` and `kernel-0.3.3`: its later versions. `safe7579`: a Safe with Rhinestone's adapter.
 */
export type Erc7579AccountKind =
  | "openzeppelin"
  | "reference"
  | "nexus"
  | "kernel"
  | "kernel-0.3.2"
  | "kernel-0.3.3"
  | "safe7579";
