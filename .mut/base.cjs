const fs=require("fs");const a=JSON.parse(fs.readFileSync("/tmp/w3/artifacts/contracts/accounts/ERC7579SessionModule.sol/ERC7579SessionModule.json"));
// same code, one byte behind that is never run
fs.writeFileSync("/tmp/w3/.mut/same.json",JSON.stringify({ERC7579SessionModule:a.deployedBytecode+"00"}));
