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
const module = rules("accounts/ERC7579SessionModule.sol");
const execution = rules("accounts/CanonicalExecution.sol");
const payment = rules("accounts/PaymentUserOp.sol");
const domain = rules("accounts/AccountDomain.sol");
const base = rules("SessionModule.sol");
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
  module(
    "install-handler",
    "nothing is installed while the module is the fallback handler",
    "if (_isFallbackHandlerOf(msg.sender, address(this), msg.sig)) revert ModuleIsFallbackHandler(msg.sender);",
  ),
  module(
    "install-encoded",
    "onInstall's data is canonical",
    "_requireEncoded(data, granter, sessions);\n        if",
    "if",
  ),
  module(
    "install-names-nobody",
    "an empty granter leaves the granter as it is",
    "if (granter.length != 0) _setGranter(granter);",
    "_setGranter(granter);",
  ),
  module("install-granter", "who may grant is named", "if (granter.length != 0) _setGranter(granter);"),
  module(
    "install-account",
    "only the account's own sessions are installed",
    "if (msg.sender != session.account) revert NotAccount(msg.sender, session.account);",
  ),
  module(
    "install-well-formed",
    "no malformed session is installed",
    "session.requireWellFormed(address(this));",
  ),
  module("install-epoch", "no session of another epoch is installed", "_requireEpoch(session);"),
  module(
    "install-revoked",
    "no REVOKED session is installed",
    "if (first.isIn(State.REVOKED)) revert SessionIsRevoked(id);",
  ),
  module(
    "install-once",
    "installing an enabled session again changes nothing",
    "if (first.isIn(State.UNKNOWN)) _enable(session, id);",
    "_enable(session, id);",
  ),
  module(
    "uninstall-handler",
    "an account that passes on calls of outsiders does not uninstall by what may end in one's address",
    "if (!_endsInZeros() && _isFallbackHandlerOf(msg.sender, address(this), msg.sig)) {",
    "if (false) {",
  ),
  module(
    "uninstall-is-not-blocked",
    "an account uninstalls without data, whatever it passes on",
    "if (!_endsInZeros() && _isFallbackHandlerOf(msg.sender, address(this), msg.sig))",
    "if (_isFallbackHandlerOf(msg.sender, address(this), msg.sig))",
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
    "if (_standings[msg.sender].granterLength != 0) _setGranter(data[:0]);",
  ),
  module("uninstall-epoch", "uninstalling ends every session", "_changeEpoch(msg.sender);"),
  module("type-validator", "the module is a validator", "moduleTypeId == MODULE_TYPE_VALIDATOR || "),
  module("type-executor", "the module is an executor", " || moduleTypeId == MODULE_TYPE_EXECUTOR"),
  module(
    "type-others",
    "the module is no fallback handler and no hook",
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
    "op-canonical",
    "an op's arguments are canonical",
    "ok = ok && _mayUse(session, id, grant, userOp, userOpHash, userOp.signature);",
    "ok = _mayUse(session, id, grant, userOp, userOpHash, userOp.signature);",
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
    "if (!ok) return false;\n        bool enabled",
    "bool enabled",
  ),
  module(
    "op-enabled",
    "an op's session is enabled or granted",
    "if (!enabled && !_mayEnable(session, id, record, grant)) return false;",
  ),
  module(
    "op-signature",
    "an op is signed by the key",
    "if (signer == address(0) || signer != session.key) return false;",
  ),
  module("op-enables", "an op with a grant enables", "if (!enabled) _enable(session, id);"),
  module(
    "op-enables-once",
    "an op of an enabled session enables nothing",
    "if (!enabled) _enable(session, id);",
    "_enable(session, id);",
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
    `if (!ok) ${no}\n        Session memory session;`,
    "Session memory session;",
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
    `if (token == address(0) || index == session.budgets.length) ${no}`,
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
    "ok = ok && _mayUse(session, id, grant, userOp, _digest(structHash), keySignature);",
    "ok = _mayUse(session, id, grant, userOp, _digest(structHash), keySignature);",
  ),
  module(
    "payment-may-use",
    "a payment's session may send it, and its key has signed it",
    "ok = ok && _mayUse(session, id, grant, userOp, _digest(structHash), keySignature);",
    "structHash; keySignature; grant;",
  ),
  module(
    "payment-refused",
    "a payment that is refused charges nothing",
    `if (!ok) ${no}\n        // Read anew`,
    "// Read anew",
  ),
  module("payment-of-nothing", "a payment of nothing charges nothing", "if (amount != 0) _store(", "_store("),
  module(
    "payment-is-stored",
    "a payment is charged",
    "if (amount != 0) _store(session, id, record, index, charged, period, amount);",
  ),
  module(
    "payment-keeps-state",
    "a payment whose grant enables the session leaves it enabled",
    "Meter.wrap(record.meters[index]).withSpent(period, total)",
    "Meter.wrap(0).withSpent(period, total)",
  ),
  module(
    "payment-index",
    "a payment is charged to its own token's budget",
    "_store(session, id, record, index",
    "_store(session, id, record, 0",
  ),
  module(
    "payment-window",
    "a payment is good in the period that is charged only",
    "return _window(from, until);",
    "return _window(session.validAfter, session.validUntil);",
  ),
  module(
    "payment-signs-session",
    "the key names the session that is charged",
    "abi.encode(PAYMENT_TYPEHASH, id, period, userOpHash)",
    "abi.encode(PAYMENT_TYPEHASH, bytes32(0), period, userOpHash)",
  ),
  module(
    "payment-signs-period",
    "the key names the period that is charged",
    "abi.encode(PAYMENT_TYPEHASH, id, period, userOpHash)",
    "abi.encode(PAYMENT_TYPEHASH, id, uint256(0), userOpHash)",
  ),
  module(
    "payment-signs-op",
    "the key signs the op",
    "abi.encode(PAYMENT_TYPEHASH, id, period, userOpHash)",
    "abi.encode(PAYMENT_TYPEHASH, id, period, bytes32(0))",
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
    "uint256 wrong = _word(callData, 4) | (",
    "uint256 wrong = (",
  ),
  payment("payment-offset", "a payment's call lies where encoders put it", "(_word(callData, 36) ^ 64) | "),
  payment("payment-call-length", "a payment's call has one length", " | (_word(callData, 68) ^ 120);", ";"),
  payment("payment-value", "a payment sends no native coin", "wrong |= _word(callData, 120);"),
  payment(
    "payment-transfer",
    "a payment is a transfer",
    "wrong |= (_word(callData, 152) >> 224) ^ uint32(IERC20.transfer.selector);",
  ),
  payment(
    "payment-dirty-recipient",
    "a payment's recipient has no bits above an address",
    "wrong |= _word(callData, 156) >> 160;",
  ),
  payment(
    "payment-padding",
    "a payment's call is padded with zeros",
    "wrong |= _word(callData, 196) << 192;",
  ),
  payment(
    "payment-head",
    "a payment's signature has a whole head",
    "if (signature.length < 128 || _word(signature, 0) != 128) {",
    "if (_word(signature, 0) != 128) {",
  ),
  payment(
    "payment-session-offset",
    "a payment's session lies where encoders put it",
    "if (signature.length < 128 || _word(signature, 0) != 128) {",
    "if (signature.length < 128) {",
  ),
  payment(
    "payment-grant-there",
    "a payment's grant is all there",
    "ok = ok && found;\n        (found, keySignature)",
    "(found, keySignature)",
  ),
  payment(
    "payment-key-signature-there",
    "a payment's key signature is all there",
    "(found, keySignature) = _bytesAt(signature, _word(signature, 96));\n        ok = ok && found;",
    "(found, keySignature) = _bytesAt(signature, _word(signature, 96));",
  ),
  payment(
    "payment-bytes-begin",
    "grant and key signature begin within the signature",
    "if (offset > length - 32) return (false, found);",
  ),
  payment(
    "payment-bytes-end",
    "grant and key signature end within the signature",
    "if (size > length - 32 - offset) return (false, found);",
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
    "op-revoked",
    "no grant enables a REVOKED session",
    "if (!_firstMeter(record).isIn(State.UNKNOWN) || grant.length == 0) return false;",
    "if (grant.length == 0) return false;",
  ),
  module(
    "op-well-formed",
    "a session that an op enables is well-formed",
    "return !flawed && _isGranted",
    "return _isGranted",
  ),
  module(
    "op-granted",
    "a session that an op enables is granted",
    "return !flawed && _isGranted(msg.sender, _digest(id), grant);",
    "return !flawed;",
  ),

  module(
    "account-authorized",
    "the module says yes only to what a session allows",
    "return _authorizes(msg.sender, hash, signature) ? ERC1271_YES : ERC1271_NO;",
    "hash; signature; return ERC1271_YES;",
  ),
  module("asked-plainly", "an account may ask about the digest itself", "if (digest == hash) return true;"),
  module(
    "asked-wrapped",
    "a hash that wraps the digest wraps it in the account's domain",
    'return ok && hash == keccak256(abi.encodePacked(hex"1901", separator, structHash));',
    "return ok && separator != structHash;",
  ),
  module(
    "asked-domain",
    "an account that tells no domain wraps in none",
    "return ok && hash == keccak256(",
    "return hash == keccak256(",
  ),
  base(
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
    "if (msg.sender != copy.key && !_speaksForItself(copy, calls))",
    "if (msg.sender != copy.key)",
  ),
  module(
    "speaks-account",
    "no account speaks for another",
    "if (msg.sender != session.account) return false;",
  ),
  module(
    "speaks-padding",
    "without zeros behind the last call the account is asked",
    "if (_endsInPadding(calls)) return true;",
    "if (calls.length != 0) return true;",
  ),
  module(
    "speaks-end",
    "zeros that end the calldata are the last call's",
    "end == msg.data.length && _endsInZeros()",
    "_endsInZeros()",
  ),
  module(
    "speaks-zeros",
    "the calldata ends in as many zeros as an address has bytes",
    "end == msg.data.length && _endsInZeros()",
    "end == msg.data.length",
  ),
  module(
    "speaks-all-zeros",
    "no byte of an address stands at the end of the calldata",
    "uint160(uint256(bytes32(msg.data[msg.data.length - 32:]))) == 0",
    "uint152(uint256(bytes32(msg.data[msg.data.length - 32:]))) == 0",
  ),
  module(
    "speaks-canonical",
    "the account speaks in canonical form only, where it may be an outsider who does",
    "return canonical && !_isFallbackHandlerOf",
    "canonical; return !_isFallbackHandlerOf",
  ),
  module(
    "speaks-handler",
    "the account does not speak by its fallback handler",
    "return canonical && !_isFallbackHandlerOf(msg.sender, address(this), msg.sig);",
    "return canonical;",
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
    "an account says yes by any word but zero",
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
    "grant-succeeds",
    "an account that reverts has granted nothing",
    "return success && answer.length == 32 && bytes32(answer) == bytes32(ERC1271_YES);",
    "return answer.length == 32 && bytes32(answer) == bytes32(ERC1271_YES);",
  ),
  module(
    "grant-length",
    "an account says yes in one word",
    "return success && answer.length == 32 && bytes32(answer) == bytes32(ERC1271_YES);",
    "return success && bytes32(answer) == bytes32(ERC1271_YES);",
  ),
  module("grant-yes", "an account says yes to a grant", " && bytes32(answer) == bytes32(ERC1271_YES);", ";"),
  module(
    "safe7579-handler",
    "a Safe7579's Safe is asked for its fallback handler",
    "return handler == address(uint160(word));",
    "word; return false;",
  ),
  module(
    "safe7579-succeeds",
    "an account that reverts has no Safe",
    "if (!success || answer.length != 96) return",
    "if (answer.length != 96) return",
  ),
  module(
    "safe7579-answer-length",
    "an account that answers otherwise has no Safe",
    "if (!success || answer.length != 96) return",
    "if (!success) return",
  ),
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
  module(
    "bytes-trailing",
    "nothing stands behind the one argument",
    "_requireNothingTrails(68 + ((data.length + 31) & ~uint256(31)));",
  ),
  module("bytes-start", "the one argument lies behind its offset", "start != 68 || "),
  module("bytes-padding", "the one argument is padded with zeros", " || (used != 0 && padding != 0)"),
  module(
    "encoded-there",
    "what the data claims to hold is there",
    "if (!there || keccak256",
    "there; if (keccak256",
  ),
  module(
    "encoded-canonically",
    "the data is what an encoder makes",
    " || keccak256(data) != keccak256(abi.encode(granter, sessions))",
  ),

  execution(
    "call-selector",
    "the callData is the account's execute",
    "if (bytes4(callData) != IERC7579Execution.execute.selector) return (false, arguments);",
  ),
  execution("call-mode", "the mode is one default call", "_word(callData, 4) != 0 || "),
  execution("call-offset", "the execution lies behind the head", " || _word(callData, 36) != 64"),
  execution("call-padding", "the execution is there, padded with zeros", "if (!padded || end", "if (end"),
  execution("call-end", "nothing stands behind the execution", " || end != callData.length"),
  execution(
    "call-target",
    "the one call is of this module",
    "_word(callData, 100) >> 96 == uint160(address(this)) &&",
  ),
  execution("call-value", "the one call carries nothing", "_word(callData, 120) == 0 &&"),
  execution(
    "call-execute",
    "the one call is of execute",
    " &&\n            bytes4(bytes32(_word(callData, 152))) == ISessionModule.execute.selector",
  ),

  execution(
    "arguments-session",
    "the session is encoded canonically",
    "if (!ok || _word(arguments, 0)",
    "if (_word(arguments, 0)",
  ),
  execution(
    "arguments-head",
    "the session lies behind the head for the account too",
    "_word(arguments, 0) != SESSION_AT || _word(arguments, 32)",
    "_word(arguments, 32)",
  ),
  execution(
    "arguments-budgets",
    "the budgets lie behind the session's head",
    "_word(arguments, SESSION_AT + 256) ^ 320",
    "0",
  ),
  execution(
    "arguments-budget-at",
    "each budget lies behind the one before",
    "_word(arguments, list + 32 * i) ^ (end - list);\n                wrong |= _word(arguments, end + 256)",
    "_word(arguments, end + 256)",
  ),
  execution(
    "arguments-recipients",
    "the recipients lie behind their budget's head",
    "wrong |= _word(arguments, end + 256) ^ 288;",
  ),
  execution(
    "arguments-actions",
    "the actions lie behind the budgets",
    "wrong |= _word(arguments, SESSION_AT + 288) ^ (end - SESSION_AT);",
  ),
  execution(
    "arguments-action-at",
    "each action lies behind the one before",
    "_word(arguments, list + 32 * i) ^ (end - list);\n                wrong |= _word(arguments, end + 64)",
    "_word(arguments, end + 64)",
  ),
  execution(
    "arguments-rules",
    "the rules lie behind their action's head",
    "wrong |= _word(arguments, end + 64) ^ 96;",
  ),
  execution("arguments-grant-at", "the grant lies behind the session", " || _word(arguments, 32) != grantAt"),
  execution(
    "arguments-grant-end",
    "the grant ends within the arguments",
    "if (!ok || _word(arguments, 64)",
    "if (_word(arguments, 64)",
  ),
  execution("arguments-calls-at", "the calls lie behind the grant", " || _word(arguments, 64) != callsAt"),
  execution(
    "arguments-call-at",
    "each call lies behind the one before",
    "_word(arguments, list + 32 * i) != end - list || ",
  ),
  execution("arguments-target", "a target is an address", "_word(arguments, end) >> 160 != 0 || "),
  execution(
    "arguments-call-head",
    "a call's bytes lie behind its head",
    " || _word(arguments, end + 64) != 96",
  ),
  execution(
    "arguments-call-end",
    "a call's bytes end within the arguments",
    "if (!ok) return (false, grant);",
  ),
  execution(
    "arguments-end",
    "nothing stands behind the calls",
    "ok = end == arguments.length;",
    "ok = true;",
  ),
  execution(
    "bytes-longest",
    "a length that wraps is refused without a revert",
    "if (length > arguments.length) return (false, start);",
  ),
  execution(
    "bytes-zeros",
    "bytes are padded with zeros",
    "used == 0 || _word(arguments, end - 32) << (8 * used) == 0",
    "true",
  ),

  domain(
    "domain-succeeds",
    "an account that reverts tells no domain",
    "if (!success || answer.length < 224)",
    "if (answer.length < 224)",
  ),
  domain("domain-shortest", "an answer too short is no domain", " || answer.length < 224"),
  domain("domain-name", "a domain has a name", "if (!ok) return (false, separator);"),
  domain(
    "domain-version",
    "a domain has a version",
    "(ok, version) = _tryHashString(answer, 64);",
    "(, version) = _tryHashString(answer, 64);",
  ),
  domain(
    "domain-of-chain",
    "a domain is of this chain",
    "version, block.chainid, account",
    "version, uint256(8453), account",
  ),
  domain(
    "domain-of-account",
    "a domain is of the account",
    "block.chainid, account)",
    "block.chainid, address(0))",
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
