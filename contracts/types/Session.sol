// SPDX-License-Identifier: MIT
pragma solidity ^0.8.13;

// As a recipient, paymaster or submitter: anyone. Zero never has this meaning.
address constant ANYONE = 0xFFfFfFffFFfffFFfFFfFFFFFffFFFffffFfFFFfF;

uint256 constant MAX_BUDGETS = 8;
uint256 constant MAX_RECIPIENTS = 32;
uint256 constant MAX_ACTIONS = 32;
uint256 constant MAX_RULES = 8;
uint256 constant MAX_SIZES = 8;
// `signatures` of a budget: EIP-3009; Permit2 by x402's exact scheme, by its upto scheme, or by both (their sum).
uint8 constant EIP_3009 = 1;
uint8 constant PERMIT2_EXACT = 2;
uint8 constant PERMIT2_UPTO = 4;

/// A session's state for an account. Stored, so the order of the members is part of the storage layout.
enum State {
    UNKNOWN,
    ENABLED,
    REVOKED
}

/// What an account lets a key do: the object that its owner signs, and that every use carries.
/// Its id is its EIP-712 struct hash.
struct Session {
    /// The account that grants; a session is invalid on any other.
    address account;
    /// The agent's key. Never 0, never the account.
    address key;
    /// First second of validity (Unix time); also the start of period 0.
    uint48 validAfter;
    /// First second after it. Mandatory: > validAfter, >= 2, < 2**47.
    uint48 validUntil;
    /// Must equal the account's current epoch.
    uint64 epoch;
    /// Distinguishes otherwise equal sessions.
    uint256 salt;
    /// Maximum wei of ERC-4337 gas for all its userOps, regardless of who pays; type maximum: unlimited.
    uint128 gasAllowance;
    /// The only paymaster that its userOps may use; 0: none; ANYONE: any.
    address paymaster;
    /// Token limits: at most one budget per token, at most 8.
    SessionBudget[] budgets;
    /// Other allowed calls: at most 32.
    SessionAction[] actions;
}

/// How much of one token a session may move. Amounts are in the token's base units, or wei.
struct SessionBudget {
    /// An ERC-20; address(0) is the chain's native coin.
    /// @dev Warning: tokens that charge the sender an additional fee are not supported, nor is a native coin that also
    /// has an ERC-20 interface.
    address token;
    /// Maximum that one execution, or one signed payment, may move. > 0.
    uint128 perTransaction;
    /// Maximum that one period may move, over all rails. >= perTransaction.
    uint128 perPeriod;
    /// Seconds, > 0. Windows are fixed: period k starts at validAfter + k * period.
    uint32 period;
    /// Streams only: how much of perPeriod is available when a period starts.
    uint128 initial;
    /// Streams only: the amount added per second, up to perPeriod. 0: not a stream, all is available at once.
    uint128 perSecond;
    /// Which signed payments may move this token. 0: none; 1: EIP-3009; 2: Permit2 by x402's exact scheme; 4: by its
    /// upto scheme; 6: by either. Other values are rejected.
    uint8 signatures;
    /// Number of sizes in which a lot can be spent by signed payments, 1 to 8; 0 if `signatures` is 0.
    uint8 sizes;
    /// Who may be paid or approved, 1 to 32; [ANYONE] allows anyone.
    address[] recipients;
}

/// A call, other than a payment or an approval, that a session may make. At most 8 rules, all of which must hold.
struct SessionAction {
    /// Never 0, the account, the module, Permit2 or a budget's token. A call to a fallback handler of the account is
    /// rejected.
    address target;
    bytes4 selector;
    SessionRule[] rules;
}

/// A condition on one word of an action's calldata: `word op value`, as unsigned integers.
/// @dev Warning: the word is identified by its position alone. A dynamic argument (bytes, a string, an array, or a
/// struct containing one) is located by an offset in the calldata, which the key writes. So a rule on a word inside a
/// dynamic argument restricts nothing unless other rules pin each offset on the path with `==`: otherwise the offset
/// can point elsewhere, and the word that the rule checks is a decoy. Rules do not restrict trailing calldata either.
struct SessionRule {
    /// The word's position in the calldata, selector included: the first argument is at 4.
    uint16 offset;
    /// 0 ==, 1 !=, 2 <, 3 <=, 4 >, 5 >=
    uint8 op;
    bytes32 value;
}

/// A session as a use carries it.
struct Carried {
    Session session;
    /// Its EIP-712 struct hash.
    bytes32 id;
    /// The parts that its bytes only contain as a hash, one bit each: bit i is budget i, bit 8 is the list of actions.
    uint256 leftOut;
}

/// A call to execute from the account.
struct Call {
    address target;
    /// In wei.
    uint256 value;
    bytes data;
}
