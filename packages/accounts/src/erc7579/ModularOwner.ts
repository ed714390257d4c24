import { createPasskey, type TestChain } from "@latchkey/devchain";
import { encodePasskeyAssertion } from "@latchkey/sdk/encoding";
import {
  type Address,
  bytesToHex,
  bytesToString,
  decodeAbiParameters,
  encodeAbiParameters,
  type Hex,
  numberToHex,
  parseAbiParameters,
} from "viem";
import { deployMock } from "../deployMock.ts";
import { ecdsaOwner } from "../safeOwner.ts";

/** The owner of a test account through one of its validators. */
export type ModularOwner = {
  /** The validator module that knows the owner. */
  validator: Address;
  /** What the validator is installed with. */
  installation: Hex;
  /** Signs a hash as the validator wants it. */
  sign(hash: Hex): Promise<Hex>;
};

/** An owner with an ordinary key, which the seed decides. */
export async function ecdsaValidatorOwner(testChain: TestChain, seed: string): Promise<ModularOwner> {
  const { address: validator } = await deployMock(testChain, "EcdsaOwnerValidator");
  const { address, sign } = ecdsaOwner(seed);
  return { validator, installation: address, sign };
}

/** The order of P-256. */
const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

/** The members of OpenZeppelin's WebAuthnAuth. */
const webAuthnAuth = parseAbiParameters(
  "bytes32 r, bytes32 s, uint256 challengeIndex, uint256 typeIndex, bytes authenticatorData, string clientDataJSON",
);
/** What the SDK makes of an assertion for a Safe. */
const safeAssertion = parseAbiParameters("bytes authenticatorData, string fields, uint256 r, uint256 s");

/** An owner with a passkey, which the seed decides: one assertion for each hash. */
export async function passkeyValidatorOwner(testChain: TestChain, seed: string): Promise<ModularOwner> {
  const { address: validator } = await deployMock(testChain, "PasskeyOwnerValidator");
  const passkey = createPasskey(seed);
  const { x, y } = passkey.coordinates;
  return {
    validator,
    installation: encodeAbiParameters([{ type: "bytes32" }, { type: "bytes32" }], [x, y]),
    async sign(hash) {
      const assertion = await passkey.assert(hash);
      const [, , r, s] = decodeAbiParameters(safeAssertion, encodePasskeyAssertion(assertion));
      const clientDataJSON = bytesToString(new Uint8Array(assertion.clientDataJSON));
      return encodeAbiParameters(webAuthnAuth, [
        numberToHex(r, { size: 32 }),
        // OpenZeppelin takes the lower of the two.
        numberToHex(s > ORDER / 2n ? ORDER - s : s, { size: 32 }),
        BigInt(clientDataJSON.indexOf('"challenge"')),
        BigInt(clientDataJSON.indexOf('"type"')),
        bytesToHex(new Uint8Array(assertion.authenticatorData)),
        clientDataJSON,
      ]);
    },
  };
}
