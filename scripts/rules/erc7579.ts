import type { Removal } from "./Removal.ts";

const rules =
  (file: string) =>
  (name: string, rule: string, find: string, replace = ""): Removal => ({
    name: `erc7579-${name}`,
    rule,
    file,
    find,
    replace,
    accounts: "ERC-7579",
  });
const module = rules("accounts/erc7579/ERC7579SessionModule.sol");
const words = rules("libraries/CalldataWords.sol");
const execution = rules("accounts/erc7579/CanonicalExecution.sol");
const payment = rules("accounts/erc7579/PaymentUserOp.sol");
const domain = rules("accounts/erc7579/AccountDomain.sol");
const base = rules("SessionModule.sol");
const rail = rules("SignatureRail.sol");
const answers = rules("accounts/Answers.sol");
const separator = rules("libraries/DomainSeparator.sol");
const fallbackHandler = rules("accounts/safe/SafeFallbackHandler.sol");
const no = "return VALIDATION_FAILED;";

/** What an ERC-7579 account is told, asked and believed. */
export const erc7579: Removal[] = [
  module(
    "install-bytes-only",
    "onInstall takes its argument in one layout",
    "_requireBytesOnly(data);\n        _installations[msg.sender] += 1;",
    "_installations[msg.sender] += 1;",
  ),
  module("install-counts", "an installation is counted", "_installations[msg.sender] += 1;"),
  module("install-without-data", "nothing is read where there is no data", "if (data.length == 0) return;"),
  module(
    "install-handler",
    "nothing is installed while the module is the fallback handler",
    "_requireNoFallbackHandler();\n        bytes calldata granter",
    "bytes calldata granter",
  ),
  module(
    "install-granter-there",
    "the granter is as long as the data says",
    "if (length > granter.length) revert MalformedSession(Flaw.ENCODING, 0);",
  ),
  module(
    "install-names-nobody",
    "an empty granter leaves the granter as it is",
    "if (length != 0) _setGranter(granter[:length]);",
    "_setGranter(granter[:length]);",
  ),
  module("install-granter", "who may grant is named", "if (length != 0) _setGranter(granter[:length]);"),
  module(
    "install-key-there",
    "a session's key stands before it",
    "if (sessions.length < KEY_LENGTH) revert MalformedSession(Flaw.ENCODING, 0);",
  ),
  module(
    "install-readable",
    "bytes that do not encode a session are not installed",
    "if (length == 0) revert MalformedSession(Flaw.ENCODING, 0);",
  ),
  module("install-whole", "no session is installed from which parts are left out", "_requireWhole(carried);"),
  module(
    "install-well-formed",
    "no malformed session is installed",
    "carried.session.requireWellFormed(address(this));",
  ),
  base(
    "install-epoch",
    "no session of another epoch is installed",
    "_requireEpoch(carried.session);\n        Record storage record",
    "Record storage record",
  ),
  base(
    "install-revoked",
    "no REVOKED session is installed",
    "if (first.isIn(State.REVOKED)) revert SessionIsRevoked(carried.id);\n        if (first.isIn(State.UNKNOWN))",
    "if (!first.isIn(State.ENABLED))",
  ),
  base(
    "install-once",
    "installing an enabled session again changes nothing",
    "if (first.isIn(State.UNKNOWN)) _enable",
    "_enable",
  ),
  module(
    "uninstall-handler",
    "an account that passes on calls of outsiders does not uninstall by what may end in one's address",
    "if (!_endsInZeros()) _requireNoFallbackHandler();",
  ),
  module(
    "uninstall-is-not-blocked",
    "an account uninstalls without data, whatever it passes on",
    "if (!_endsInZeros()) _requireNoFallbackHandler();",
    "_requireNoFallbackHandler();",
  ),
  module(
    "uninstall-bytes-only",
    "onUninstall takes its argument in one layout",
    "_requireBytesOnly(data);\n        if (!_endsInZeros()",
    "if (!_endsInZeros()",
  ),
  module("uninstall-counts", "an uninstallation is counted", "_installations[msg.sender] -= 1;", "{}"),
  module(
    "uninstall-too-often",
    "uninstalling never fails for want of an installation",
    "if (_installations[msg.sender] != 0) _installations",
    "_installations",
  ),
  module(
    "uninstall-granter",
    "uninstalling forgets who may grant",
    'if (_standings[msg.sender].granterLength != 0) _setGranter("");',
  ),
  module(
    "uninstall-granter-once",
    "where nobody may grant, nobody is forgotten",
    "if (_standings[msg.sender].granterLength != 0) _setGranter",
    "_setGranter",
  ),
  module("uninstall-epoch", "uninstalling ends every session", "_changeEpoch(msg.sender);"),
  module("type-validator", "the module is a validator", "moduleTypeId == MODULE_TYPE_VALIDATOR || "),
  module("type-executor", "the module is an executor", " || moduleTypeId == MODULE_TYPE_EXECUTOR"),
  module(
    "type-others",
    "the module is neither a fallback handler nor a hook",
    "return moduleTypeId == MODULE_TYPE_VALIDATOR",
    "return moduleTypeId >= MODULE_TYPE_VALIDATOR",
  ),

  module("op-sender", "an op is its sender's to validate", "msg.sender != userOp.sender || "),
  module("op-forwarded", "an op that ends in an address is an outsider's", " || !_endsInZeros()"),
  module(
    "op-call-data",
    "an op calls this module, or is a payment",
    "if (!ok) return _validatePayment(userOp, userOpHash);",
  ),
  module(
    "op-readable",
    "an op's session can be read",
    "if (!ok || !SessionReader.tryRead(carried, session)) return VALIDATION_FAILED;",
    "SessionReader.tryRead(carried, session);\n        if (!ok) return VALIDATION_FAILED;",
  ),
  module(
    "op-may-use",
    "an op's session may send it, and its key has signed it",
    "if (!_mayUse(carried, session[SessionReader.PARTIES:], grant, userOp, signer)) return VALIDATION_FAILED;",
    "grant; signer;",
  ),
  module(
    "op-account",
    "an op is of the sender's own session",
    "session.account != msg.sender || session.epoch",
    "session.epoch",
  ),
  module("op-epoch", "an op is of the account's epoch", " || session.epoch != _standings[msg.sender].epoch"),
  module(
    "op-paymaster",
    "an op names only a paymaster that the session allows",
    "if (!_allowsPaymaster(session, userOp.paymasterAndData)) return false;",
  ),
  module(
    "op-gas",
    "an op keeps to gasAllowance",
    "if (!ok) return false;\n        Meter first",
    "Meter first",
  ),
  module(
    "op-enabled",
    "an op's session is enabled or granted",
    "if (!enabled && !_mayEnable(carried, first, grant)) return false;",
  ),
  module(
    "op-signature",
    "an op is signed by the key",
    "if (signer == address(0) || signer != session.key) return false;",
  ),
  module(
    "op-enables",
    "an op with a grant enables",
    "if (!enabled) _enable(carried, record, first, packed);",
    "packed;",
  ),
  module(
    "op-enables-once",
    "an op of an enabled session enables nothing",
    "if (!enabled) _enable(carried, record, first, packed);",
    "_enable(carried, record, first, packed);",
  ),
  module(
    "op-gas-is-stored",
    "an op's cost is stored",
    "if (session.gasAllowance != type(uint128).max) record.gasSpent = gasSpent;",
  ),
  module("op-valid-after", "an op is good from validAfter on", "(from << 208) | "),
  module(
    "op-valid-until",
    "an op is good to the second before validUntil",
    "((until - 1) << 160)",
    "(until << 160)",
  ),

  module(
    "payment-call",
    "an op that does not execute the module makes one payment and nothing else",
    `if (!ok) ${no}\n        Carried memory carried;`,
    "Carried memory carried;",
  ),
  module(
    "payment-signature-read",
    "a payment's session, grant and signature are all there",
    `if (!ok) ${no}\n        uint256 index`,
    "uint256 index",
  ),
  module(
    "payment-native",
    "the native coin is not paid as a token",
    "if (token == address(0) || index ==",
    "if (index ==",
  ),
  module(
    "payment-token",
    "a payment's token has a budget",
    `if (token == address(0) || index == carried.session.budgets.length) ${no}`,
    `if (token == address(0)) ${no}`,
  ),
  module(
    "payment-recipient",
    "a payment goes to a recipient",
    `if (!Calls.isRecipient(budget, to)) ${no}`,
    "to;",
  ),
  module(
    "payment-charged",
    "a payment keeps to both limits and to a period of the session",
    `if (!ok) ${no}\n        bytes32 hash`,
    "bytes32 hash",
  ),
  module(
    "payment-may-use",
    "a payment's session may send it, and its key has signed it",
    `if (!_mayUse(carried, packed, grant, userOp, signer)) ${no}`,
    "packed; grant; signer;",
  ),
  module("payment-of-nothing", "a payment of nothing charges nothing", "if (amount != 0) _store(", "_store("),
  module(
    "payment-is-stored",
    "a payment is charged",
    "if (amount != 0) _store(carried, record, index, charged, period, amount);",
    "charged;",
  ),
  module(
    "payment-keeps-state",
    "a payment whose grant enables the session leaves it enabled",
    "_meterAt(record, index).withSpent(period, total)",
    "Meter.wrap(0).withSpent(period, total)",
  ),
  module(
    "payment-index",
    "a payment is charged to its own token's budget",
    "_store(carried, record, index",
    "_store(carried, record, 0",
  ),
  module(
    "payment-window",
    "a payment is good in the period that is charged only",
    "return _window(from, until);",
    "return _window(carried.session.validAfter, carried.session.validUntil);",
  ),
  module(
    "payment-signs-session",
    "the key names the session that is charged",
    "abi.encode(PAYMENT_TYPEHASH, carried.id, period, userOpHash)",
    "abi.encode(PAYMENT_TYPEHASH, bytes32(0), period, userOpHash)",
  ),
  module(
    "payment-signs-period",
    "the key names the period that is charged",
    "abi.encode(PAYMENT_TYPEHASH, carried.id, period, userOpHash)",
    "abi.encode(PAYMENT_TYPEHASH, carried.id, uint256(0), userOpHash)",
  ),
  module(
    "payment-signs-op",
    "the key signs the op",
    "abi.encode(PAYMENT_TYPEHASH, carried.id, period, userOpHash)",
    "abi.encode(PAYMENT_TYPEHASH, carried.id, period, bytes32(0))",
  ),
  payment(
    "payment-length",
    "a payment's callData has one length",
    "if (callData.length != CALL_DATA_LENGTH) return (false, token, to, amount);",
  ),
  payment(
    "payment-selector",
    "a payment is the account's execute",
    "if (bytes4(callData) != IERC7579Execution.execute.selector) return (false, token, to, amount);",
  ),
  payment(
    "payment-mode",
    "a payment is one default call",
    "uint256 wrong = callData.wordAt(4) | (",
    "uint256 wrong = (",
  ),
  payment("payment-offset", "a payment's call lies where encoders put it", "(callData.wordAt(36) ^ 64) | "),
  payment("payment-call-length", "a payment's call has one length", " | (callData.wordAt(68) ^ 120);", ";"),
  payment("payment-value", "a payment sends no native coin", "wrong |= callData.wordAt(120);"),
  payment(
    "payment-transfer",
    "a payment is a transfer",
    "wrong |= (callData.wordAt(152) >> 224) ^ uint32(IERC20.transfer.selector);",
  ),
  payment(
    "payment-dirty-recipient",
    "a payment's recipient has no bits above an address",
    "wrong |= callData.wordAt(156) >> 160;",
  ),
  payment(
    "payment-padding",
    "a payment's call is padded with zeros",
    "wrong |= callData.wordAt(196) << 192;",
  ),
  payment(
    "payment-head",
    "a payment's signature has room for all but session and grant",
    "if (signature.length < SESSION_AT + ZEROS) return (false, signature[:0], signature[:0]);",
  ),
  payment(
    "payment-readable",
    "a payment's session can be read",
    "return (length != 0, rest",
    "return (true, rest",
  ),

  module(
    "paymaster-none",
    "no paymaster is always allowed",
    "if (paymasterAndData.length == 0) return true;",
  ),
  module(
    "paymaster-length",
    "a paymaster's fields are whole",
    "if (paymasterAndData.length < 52) return false;",
  ),
  module("paymaster-is-0", "paymaster 0 is nobody", "if (paymaster == address(0)) return false;"),
  module(
    "paymaster-named",
    "a paymaster is the session's",
    "return session.paymaster == ANYONE || session.paymaster == paymaster;",
    "return true;",
  ),
  module("paymaster-anyone", "ANYONE allows every paymaster", "session.paymaster == ANYONE || "),
  module(
    "gas-most",
    "no op has more gas than adds up",
    "if ((largest | userOp.preVerificationGas) > MOST_GAS) return (false, 0);",
  ),
  ...(
    [
      ["verification", "verification | execution | fee", "execution | fee"],
      ["execution", "verification | execution | fee", "verification | fee"],
      ["fee", "execution | fee |", "execution |"],
      ["paymaster-verification", "fee | paymasterVerification | paymasterPostOp", "fee | paymasterPostOp"],
      ["paymaster-post-op", " | paymasterPostOp;", ";"],
      ["pre-verification", "(largest | userOp.preVerificationGas)", "(largest)"],
    ] as const
  ).map(([what, find, replace]) => module(`gas-most-${what}`, `the ${what} has a most`, find, replace)),
  ...(
    [
      ["verification", "limits = verification + execution", "limits = execution"],
      [
        "execution",
        "verification + execution + paymasterVerification",
        "verification + paymasterVerification",
      ],
      [
        "paymaster-verification",
        "execution + paymasterVerification + paymasterPostOp",
        "execution + paymasterPostOp",
      ],
      ["paymaster-post-op", "paymasterVerification + paymasterPostOp + user", "paymasterVerification + user"],
      ["pre-verification", "paymasterPostOp + userOp.preVerificationGas;", "paymasterPostOp;"],
    ] as const
  ).map(([what, find, replace]) => module(`gas-counts-${what}`, `the ${what} is counted`, find, replace)),
  module(
    "gas-no-paymaster",
    "where no paymaster is named, none of its fields is read",
    "if (userOp.paymasterAndData.length != 0) {",
    "if (true) {",
  ),
  module(
    "gas-uncounted",
    "the largest gasAllowance is not counted",
    "if (allowance == type(uint128).max) return (true, 0);",
  ),
  module(
    "gas-adds-up",
    "ops are counted together",
    "gasSpent = record.gasSpent + limits",
    "gasSpent = limits",
  ),
  module("gas-allowance", "ops cost at most gasAllowance", "ok = gasSpent <= allowance;", "ok = true;"),
  module(
    "gas-allowance-edge",
    "gasAllowance itself may be spent",
    "gasSpent <= allowance",
    "gasSpent < allowance",
  ),
  module(
    "account-authorized",
    "the module approves only what a session allows",
    "return _authorizes(msg.sender, hash, signature) ? ERC1271_YES : ERC1271_NO;",
    "hash; signature; return ERC1271_YES;",
  ),
  module("asked-plainly", "an account may ask about the digest itself", "if (digest == hash) return true;"),
  module(
    "asked-wrapped",
    "a hash that wraps the digest wraps it in the account's domain",
    "return ok && hash == MessageHashUtils.toTypedDataHash(separator, structHash);",
    "return ok && separator != structHash;",
  ),
  module(
    "asked-domain",
    "an account that tells no domain wraps in none",
    "return ok && hash == ",
    "return hash == ",
  ),
  rail(
    "asked-about",
    "a wrapped payload is for the hash that is asked about",
    "if (!_isAskedAbout(session.account, digest, hash)) return false;",
  ),
  module("granter-of-length", "a granter is told in its length", "mstore(granter, length)"),
  module(
    "initialized",
    "who has not installed it is not initialized",
    "return _installations[account] != 0;",
    "account; return true;",
  ),

  base(
    "speaks-for-itself",
    "the account may execute for itself",
    "if (!_speaksForItself(carried.session, calls)) _requireKey(carried);",
    "_requireKey(carried);",
  ),
  module("speaks-account", "no account speaks for another", "msg.sender != session.account || "),
  module(
    "speaks-end",
    "nothing stands behind the last call",
    "if (Calls.endOf(calls) != msg.data.length) return false;",
  ),
  module(
    "speaks-zeros",
    "where the calldata ends in zeros, the account is not asked",
    "return _endsInZeros() || !_isFallbackHandlerOf",
    "return !_isFallbackHandlerOf",
  ),
  module(
    "speaks-handler",
    "the account does not speak by its fallback handler",
    "return _endsInZeros() || !_isFallbackHandlerOf(msg.sender, address(this), msg.sig);",
    "return true;",
  ),
  module(
    "speaks-all-zeros",
    "no byte of an address stands at the end of the calldata",
    "uint160(uint256(bytes32(msg.data[msg.data.length - 32:]))) == 0",
    "uint152(uint256(bytes32(msg.data[msg.data.length - 32:]))) == 0",
  ),
  module(
    "handler-is-asked",
    "the account is asked who is its fallback handler",
    "if (bytes32(answer) != bytes32(0)) return true;",
  ),
  module(
    "handler-succeeds",
    "an account that reverts has no such handler",
    "if (success && answer.length == 32) {\n            if (bytes32",
    "if (answer.length == 32) {\n            if (bytes32",
  ),
  module(
    "handler-length",
    "an account says in one word that it has the handler",
    "if (success && answer.length == 32) {\n            if (bytes32",
    "if (success) {\n            if (bytes32",
  ),
  module(
    "handler-true",
    "an account that says false has no such handler",
    "if (bytes32(answer) != bytes32(0)) return true;",
    "return true;",
  ),
  module(
    "handler-any-word",
    "any word but zero is an approval",
    "if (bytes32(answer) != bytes32(0)) return true;",
    "if (bytes32(answer) == bytes32(uint256(1))) return true;",
  ),
  module(
    "handler-of-function",
    "the account is asked about the function that is called",
    "abi.encode(selector))",
    "abi.encode(bytes4(0)))",
  ),
  module(
    "handler-which",
    "the account is asked about the contract that is called",
    "(MODULE_TYPE_FALLBACK, handler, ",
    "(MODULE_TYPE_FALLBACK, address(this), ",
  ),

  module("executed", "an account that reverts has not executed", "if (!success) return (false, returned);"),
  module(
    "result-shortest",
    "an answer too short is refused",
    "if (answer.length < 128) revert UnsupportedAccount(account);",
  ),
  module(
    "result-canonical",
    "an account answers one result",
    "if (!canonical) revert UnsupportedAccount(account);",
  ),
  module("result-list", "the list of results is behind its offset", "eq(mload(add(answer, 32)), 32)", "1"),
  module("result-one", "there is one result", "eq(mload(add(answer, 64)), 1)", "1"),
  module(
    "result-offset",
    "the result is behind its offset",
    "canonical := and(canonical, eq(mload(add(answer, 96)), 32))",
  ),
  module(
    "result-length",
    "the result is as long as it says",
    "canonical := and(canonical, iszero(gt(mload(returned), sub(mload(answer), 128))))",
  ),

  module("grant-nobody", "where nobody may grant, nobody does", "if (length == 0 || grant", "if (grant"),
  module("grant-shortest", "a grant is as long as what it begins with", " || grant.length < length"),
  module(
    "grant-prefix",
    "a grant begins as the owner said",
    "if (bytes32(grant) >> unused != bytes32(standing.granter) >> unused) return false;",
  ),
  module(
    "grant-asked",
    "an account approves a grant",
    "return Answers.isYes(account, abi.encodeCall(IERC1271.isValidSignature, (digest, grant)));",
    "digest; account; return true;",
  ),
  answers(
    "answer-is-given",
    "an account that reverts has granted nothing",
    "return success && answer.length == 32 && ",
    "return answer.length == 32 && ",
  ),
  answers("answer-is-a-word", "an approval is one word", "success && answer.length == 32 && ", "success && "),
  answers("answer-is-expected", "an account's yes is ERC-1271's", " && bytes32(answer) == expected;", ";"),
  module(
    "safe7579-handler",
    "a Safe7579's Safe is asked for its fallback handler",
    "return ok && handler == current;",
    "current; return false;",
  ),
  fallbackHandler(
    "safe7579-succeeds",
    "an account that reverts has no Safe",
    "!success || answer.length != 96",
    "answer.length != 96",
  ),
  fallbackHandler(
    "safe7579-answer-length",
    "an account that answers otherwise has no Safe",
    " || answer.length != 96",
  ),
  fallbackHandler("safe7579-offset", "a Safe tells its handler in canonical form", "offset == 32 && "),
  fallbackHandler("safe7579-word", "a Safe tells its handler in one word", "length == 32 && "),
  fallbackHandler("safe7579-address", "a Safe has an address for its handler", " && word >> 160 == 0"),
  module(
    "granter-longest",
    "a granter has 23 bytes at most",
    "if (granter.length > 23) revert GranterTooLong(granter.length);",
  ),
  module("granter-is-stored", "a granter's bytes are stored", "standing.granter = bytes23(granter);"),
  module(
    "granter-length-is-stored",
    "a granter's length is stored",
    "standing.granterLength = uint8(granter.length);",
  ),
  base(
    "bytes-trailing",
    "nothing stands behind the one argument",
    "_requireNothingTrails(68 + ((argument.length + 31) & ~uint256(31)));",
  ),
  base("bytes-start", "the one argument lies behind its offset", "start != 68 || "),
  base("bytes-padding", "the one argument is padded with zeros", " || (used != 0 && padding != 0)"),
  base(
    "no-fallback-handler",
    "the account does not speak while it passes on what others call",
    "if (_isFallbackHandlerOf(msg.sender, address(this), msg.sig)) revert ModuleIsFallbackHandler(msg.sender);",
  ),

  execution(
    "call-selector",
    "the callData is the account's execute",
    "if (bytes4(callData) != IERC7579Execution.execute.selector) return (false, arguments);",
  ),
  execution("call-mode", "the mode is one default call", "callData.wordAt(4) != 0 || "),
  execution("call-offset", "the execution lies behind the head", " || callData.wordAt(36) != 64"),
  execution("call-padding", "the execution is there, padded with zeros", "if (!padded || end", "if (end"),
  execution("call-end", "nothing stands behind the execution", " || end != callData.length"),
  execution(
    "call-target",
    "the one call is of this module",
    "callData.wordAt(100) >> 96 == uint160(address(this)) &&",
  ),
  execution("call-value", "the one call carries nothing", "callData.wordAt(120) == 0 &&"),
  execution(
    "call-execute",
    "the one call is of execute",
    " &&\n            bytes4(bytes32(callData.wordAt(152))) == ISessionModule.execute.selector",
  ),

  execution("arguments-first", "the session lies behind the head", " || arguments.wordAt(0) != FIRST_AT"),
  execution(
    "arguments-next",
    "the grant lies behind the session, the calls behind the grant",
    " || arguments.wordAt(32 + i) != end",
  ),
  execution(
    "arguments-bytes",
    "session and grant end within the arguments, padded with zeros",
    "if (!ok || arguments.wordAt(32 + i) != end)",
    "if (arguments.wordAt(32 + i) != end)",
  ),
  execution(
    "arguments-call-at",
    "each call lies behind the one before",
    "arguments.wordAt(list + 32 * i) != end - list || ",
  ),
  execution("arguments-target", "a target is an address", "arguments.wordAt(end) >> 160 != 0 || "),
  execution(
    "arguments-call-head",
    "a call's bytes lie behind its head",
    " || arguments.wordAt(end + 64) != 96",
  ),
  execution(
    "arguments-call-end",
    "a call's bytes end within the arguments",
    "if (!ok) return (false, session, grant);",
  ),
  execution(
    "arguments-end",
    "nothing stands behind the calls",
    "if (end != arguments.length) return (false, session, grant);",
    "ok = true;",
  ),
  words("bytes-longest", "a length that wraps is refused without a revert", "length <= bytes_.length && "),
  words("bytes-zeros", "bytes are padded with zeros", " && wordAt(bytes_, end) >> (256 - 8 * padding) == 0"),

  domain(
    "domain-succeeds",
    "an account that reverts tells no domain",
    "if (!success || answer.length < 224)",
    "if (answer.length < 224)",
  ),
  domain("domain-shortest", "an answer that is too short is not a domain", " || answer.length < 224"),
  domain("domain-strings", "a domain has a name", "if (!ok) return (false, separator);"),
  domain(
    "domain-of-account",
    "a domain is of the account",
    "hashes[0], hashes[1], account)",
    "hashes[0], hashes[1], address(0))",
  ),
  separator(
    "domain-of-chain",
    "a domain is of this chain",
    "block.chainid, verifyingContract",
    "uint256(8453), verifyingContract",
  ),
  domain(
    "domain-offset",
    "a string begins within the answer",
    "if (offset > answer.length - 32) return (false, hash);",
  ),
  domain(
    "domain-length",
    "a string ends within the answer",
    "if (length > answer.length - 32 - offset) return (false, hash);",
  ),
  base(
    "later-meter-shown",
    "a budget whose meter is of a later period is said to be all spent, and no more",
    "if (spent > released) spent = released;",
  ),
];
