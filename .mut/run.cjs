const fs=require("fs"),cp=require("child_process");
const root="/tmp/w3/";
const art=JSON.parse(fs.readFileSync(root+"artifacts/contracts/accounts/ERC7579SessionModule.sol/ERC7579SessionModule.json"));
const input=JSON.parse(fs.readFileSync(root+"artifacts/build-info/"+art.buildInfoId+".json")).input;
const M="project/contracts/accounts/ERC7579SessionModule.sol",C="project/contracts/accounts/CanonicalExecution.sol",S="project/contracts/SessionModule.sol";
const mutants={
 wrapped:[M,"        if (digest == hash) return true;\n        (bool ok","        if (digest == hash || digest != hash) return digest == hash;\n        (bool ok"],
 prefix:[M,"if (bytes32(grant) >> unused != bytes32(standing.granter) >> unused) return false;","unused;"],
 gasCap:[M,"ok = gasSpent <= allowance;","ok = gasSpent <= allowance || true;"],
 gasStore:[M,"record.gasSpent = gasSpent;","record.gasSpent = 0;"],
 gasOffByOne:[M,"ok = gasSpent <= allowance;","ok = gasSpent <= allowance + 1;"],
 paymaster:[M,"return session.paymaster == ANYONE || session.paymaster == paymaster;","return session.paymaster == ANYONE || session.paymaster != address(2);"],
 uninstallEpoch:[M,"        _changeEpoch(msg.sender);\n","        \n"],
 uninstallGranter:[M,"_setGranter(data[:0]);\n        _changeEpoch","_requireBytesOnly(data);\n        _changeEpoch"],
 mode:[M,"bytes32(callData[4:36]) != SINGLE_DEFAULT ||","bytes32(callData[4:36]) == bytes32(uint256(7)) ||"],
 value:[M,"uint256(bytes32(call[20:52])) == 0 &&","uint256(bytes32(call[20:52])) < 2 &&"],
 target:[M,"address(bytes20(call[:20])) == address(this) &&","address(bytes20(call[:20])) != address(1) &&"],
 padding:[M,"if (callData[i] != 0) return (false, arguments);","if (callData[i] > 0x01) return (false, arguments);"],
 innerSelector:[M,"bytes4(call[52:56]) == this.execute.selector;","bytes4(call[52:56]) != bytes4(0);"],
 end:[C,"ok = end == arguments.length;","ok = end <= arguments.length;"],
 dirty:[C,"if (_word(arguments, end) >> 160 != 0 || ","if ("],
 window:[M,"return (uint256(session.validAfter) << 208) | (uint256(session.validUntil - 1) << 160);","return 0;"],
 installEpoch:[M,"            _requireEpoch(session);\n","            \n"],
 installAccount:[M,"if (msg.sender != session.account) revert NotAccount(msg.sender, session.account);\n            session.req","session.req"],
 otherAccount:[M,"if (!ok || session.account != msg.sender) return VALIDATION_FAILED;","if (!ok) return VALIDATION_FAILED;"],
 validatorEpoch:[M,"if (session.epoch != _standings[msg.sender].epoch) return VALIDATION_FAILED;",""],
 handler:[M,"if (!success || answer.length != 96) return address(0);","if (!success || answer.length != 97) return address(0);"],
 signer:[M,"if (signer == address(0) || signer != session.key) return VALIDATION_FAILED;\n\n        if (!enabled)","if (signer == address(0)) return VALIDATION_FAILED;\n\n        if (!enabled)"],
 moduleType:[M,"moduleTypeId == MODULE_TYPE_VALIDATOR || moduleTypeId == MODULE_TYPE_EXECUTOR;","moduleTypeId < 4 && moduleTypeId != 0;"],
 signatureEpoch:[S,"if (session.epoch != _standings[account].epoch) return false;",""],
};
const solc=require("/tmp/w3/node_modules/solc/wrapper")(require("/tmp/w3/node_modules/solc/soljson.js"));
for(const n of ["base",...(process.argv[2]?process.argv[2].split(","):Object.keys(mutants))]){
  const i=JSON.parse(JSON.stringify(input));
  i.settings.outputSelection={[M]:{ERC7579SessionModule:["evm.deployedBytecode.object"]}};
  if(n!=="base"){const [f,a,b]=mutants[n];const c=i.sources[f].content;if(c.split(a).length!==2){console.log(n,"NOT FOUND",c.split(a).length-1);continue;}i.sources[f].content=c.replace(a,()=>b);}
  const o=JSON.parse(solc.compile(JSON.stringify(i)));
  const errs=(o.errors||[]).filter(e=>e.severity==="error");
  if(errs.length){console.log(n,"ERR",errs[0].formattedMessage.slice(0,300));continue;}
  const code="0x"+o.contracts[M].ERC7579SessionModule.evm.deployedBytecode.object;
  if(n==="base"){console.log("base same",code===art.deployedBytecode);continue;}
  fs.writeFileSync("/tmp/w3/.mut/"+n+".json",JSON.stringify({ERC7579SessionModule:code}));
  const r=cp.spawnSync("npx",["hardhat","test","mocha","--no-compile",...fs.readdirSync(root+"test/accounts/erc7579").filter(f=>f.endsWith(".test.ts")).map(f=>"test/accounts/erc7579/"+f)],{cwd:root,env:{...process.env,LATCHKEY_CODE:"/tmp/w3/.mut/"+n+".json"},encoding:"utf8"});
  const pass=/(\d+) passing/.exec(r.stdout)?.[1],fail=/(\d+) failing/.exec(r.stdout)?.[1];
  fs.writeFileSync("/tmp/w3/.mut/"+n+".log",r.stdout);
  console.log(n,"passing",pass,"failing",fail,new Date().toISOString());
}
