/** Imported before MetaMask's kit, which sends telemetry otherwise. */
process.env.DO_NOT_TRACK = "1";
