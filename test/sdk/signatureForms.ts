import {
  concat,
  type Hex,
  type LocalAccount,
  parseSignature,
  serializeCompactSignature,
  signatureToCompactSignature,
  toHex,
} from "viem";
import type { PrivateKeyAccount } from "viem/accounts";

/** The order of secp256k1: s and this less s are signatures of the same hash. */
const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

/** Forms in which key managers return a signature that viem would give as r ‖ s ‖ v, low s, v 27 or 28. */
export const SIGNATURE_FORMS: { readonly [form: string]: (signature: Hex) => Hex } = {
  "with a high s": (signature) => {
    const { r, s, yParity } = parseSignature(signature);
    return concat([r, toHex(ORDER - BigInt(s), { size: 32 }), toHex(28 - yParity)]);
  },
  "with v 0 or 1": (signature) => {
    const { r, s, yParity } = parseSignature(signature);
    return concat([r, s, toHex(yParity, { size: 1 })]);
  },
  "with a high s and v 0 or 1": (signature) => {
    const { r, s, yParity } = parseSignature(signature);
    return concat([r, toHex(ORDER - BigInt(s), { size: 32 }), toHex(1 - yParity, { size: 1 })]);
  },
  "of 64 bytes (EIP-2098)": (signature) =>
    serializeCompactSignature(signatureToCompactSignature(parseSignature(signature))),
  "of r and s alone": (signature) => {
    const { r, s } = parseSignature(signature);
    return concat([r, s]);
  },
  "of r and a high s alone": (signature) => {
    const { r, s } = parseSignature(signature);
    return concat([r, toHex(ORDER - BigInt(s), { size: 32 })]);
  },
};

/** The key as its manager signs with it. */
export function inForm(key: PrivateKeyAccount, form: (signature: Hex) => Hex): LocalAccount {
  return {
    ...key,
    sign: async (parameters) => form(await key.sign(parameters)),
    signMessage: async (parameters) => form(await key.signMessage(parameters)),
    signTypedData: async (parameters) => form(await key.signTypedData(parameters)),
  };
}
