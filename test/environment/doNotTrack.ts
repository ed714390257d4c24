// MetaMask's kit reports its calls unless it is told not to before it is loaded: import this first.
process.env.DO_NOT_TRACK = "1";
