// SPDX-License-Identifier: MIT
pragma solidity ^0.8.13;

// In a list of recipients, or as a paymaster or a submitter: whoever it is. Zero never means this.
address constant ANYONE = 0xFFfFfFffFFfffFFfFFfFFFFFffFFFffffFfFFFfF;

uint256 constant MAX_BUDGETS = 8;
uint256 constant MAX_RECIPIENTS = 32;
uint256 constant MAX_ACTIONS = 32;
uint256 constant MAX_RULES = 8;
uint256 constant MAX_SIZES = 8;
// `signatures` of a budget.
uint8 constant EIP_3009 = 1;

/// What a session is to an account. Stored, so the order of the members is part of the storage layout.
enum State {
    UNKNOWN,
    ENABLED,
    REVOKED
}

/// What an account lets a key do: the object that its owner signs, and that every use carries along.
/// Its id is its EIP-712 struct hash.
struct Session {
    /// The account that grants; a session is worthless on any other.
    address account;
    /// The agent's key. Never 0, never the account.
    address key;
    /// First second of validity (Unix time); also where period 0 begins.
    uint48 validAfter;
    /// First second after it. Mandatory: > validAfter, >= 2, < 2**47.
    uint48 validUntil;
    /// Must equal the account's current epoch.
    uint64 epoch;
    /// Tells equal sessions apart.
    uint256 salt;
    /// Most wei of ERC-4337 gas that its userOps may cost in all, whoever pays; the maximum: not counted.
    uint128 gasAllowance;
    /// The only paymaster that its userOps may name; 0: none; ANYONE: any.
    address paymaster;
    /// How much of which tokens: at most one budget per token, at most 8.
    SessionBudget[] budgets;
    /// Which other calls: at most 32.
    SessionAction[] actions;
}

/// How much of one token a session may move. Amounts are in the token's base units, or wei.
struct SessionBudget {
    /// An ERC-20; address(0) is the chain's native coin.
    /// @dev Warning: tokens that charge the sender a fee on top are not supported, nor is a native coin that
    /// also has an ERC-20 face.
    address token;
    /// Most that one execution, or one authorization, may move. > 0.
    uint128 perTransaction;
    /// Most that one period may move, over all rails. >= perTransaction.
    uint128 perPeriod;
    /// Seconds, > 0. Windows are fixed: period k begins at validAfter + k * period.
    uint32 period;
    /// Streams only: of perPeriod, how much is there when a period begins.
    uint128 initial;
    /// Streams only: what each second adds, up to perPeriod. 0: no stream, all is there at once.
    uint128 perSecond;
    /// Which signed payments may move this token. 0: none; 1: EIP-3009. Other values are refused.
    uint8 signatures;
    /// Into how many sizes a lot can be cut, 1 to 8; 0 where `signatures` is 0.
    uint8 sizes;
    /// Who may be paid or approved, 1 to 32; [ANYONE] says anyone.
    address[] recipients;
}

/// A call, other than a payment or an approval, that a session may make. At most 8 rules, all of which must hold.
struct SessionAction {
    /// Never 0, the account, the module or a budget's token. A fallback handler of the account is refused when it is
    /// called.
    address target;
    bytes4 selector;
    SessionRule[] rules;
}

/// One condition on one word of an action's calldata: `word op value`, as unsigned numbers.
/// @dev Warning: the word is found by its place alone. Where a dynamic argument lies (bytes, a string, an array, a
/// struct with one of these in it), an offset in the calldata says, and the key writes that offset. So a rule on a word
/// inside a dynamic argument binds nothing, unless other rules pin each offset on the way there with `==`: otherwise
/// the offset points elsewhere, and the word that the rule reads is a decoy. Nor does any rule bound what stands behind
/// the arguments.
struct SessionRule {
    /// Where the word begins in the calldata, selector included: the first argument is at 4.
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
    /// What stands in its bytes as a hash only, a bit each: bit i is budget number i, bit 8 is the list of actions.
    uint256 leftOut;
}

/// One call that the account is to make.
struct Call {
    address target;
    /// In wei.
    uint256 value;
    bytes data;
}
