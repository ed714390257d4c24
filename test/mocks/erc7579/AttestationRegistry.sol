// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

/// @title A registry as ERC-7484 describes it: as much of one as accounts ask
/// @notice Anyone can attest; an account chooses whom it trusts, and how many of them it takes.
contract AttestationRegistry {
    struct Trust {
        uint8 threshold;
        address[] attesters;
    }

    mapping(address module => mapping(uint256 moduleType => mapping(address attester => bool))) private _attested;
    mapping(address account => Trust) private _trusted;

    error InsufficientAttestations();
    error NoTrustedAttestersFound();

    function attest(address module, uint256 moduleType) external {
        _attested[module][moduleType][msg.sender] = true;
    }

    function revoke(address module, uint256 moduleType) external {
        _attested[module][moduleType][msg.sender] = false;
    }

    function trustAttesters(uint8 threshold, address[] calldata attesters) external {
        _trusted[msg.sender] = Trust(threshold, attesters);
    }

    function check(address module, uint256 moduleType) external view {
        _check(msg.sender, module, moduleType);
    }

    function checkForAccount(address account, address module, uint256 moduleType) external view {
        _check(account, module, moduleType);
    }

    function _check(address account, address module, uint256 moduleType) private view {
        Trust storage trust = _trusted[account];
        if (trust.attesters.length == 0) revert NoTrustedAttestersFound();
        uint256 found;
        for (uint256 i; i < trust.attesters.length; ++i) {
            if (_attested[module][moduleType][trust.attesters[i]]) ++found;
        }
        if (found < trust.threshold) revert InsufficientAttestations();
    }
}
