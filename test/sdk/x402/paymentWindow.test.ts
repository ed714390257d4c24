import { expect } from "chai";
import { paymentWindow } from "../../../packages/sdk/src/x402/paymentWindow.ts";

const at = (parameters: Partial<Parameters<typeof paymentWindow>[0]>) =>
  paymentWindow({
    chainTime: 1000,
    localTime: 1000,
    maxTimeoutSeconds: 300,
    resetsAt: 86_400,
    margin: 12,
    ...parameters,
  })?.validBefore;

describe("the time that an authorization gets", () => {
  it("ends with the merchant's time-out, but never later than five minutes from now", () => {
    expect(at({ maxTimeoutSeconds: 60 })).to.equal(1060);
    expect(at({ maxTimeoutSeconds: 3600 })).to.equal(1300);
  });

  it("ends with the period, whose slot dies then", () => {
    expect(at({ resetsAt: 1100 })).to.equal(1100);
  });

  it("is nothing when less than six seconds and the margin are left of the period", () => {
    expect(at({ resetsAt: 1018 })).to.equal(1018);
    expect(at({ resetsAt: 1017 })).to.equal(undefined);
    expect(at({ resetsAt: 1006, margin: 0 })).to.equal(1006);
    expect(at({ resetsAt: 1005, margin: 0 })).to.equal(undefined);
    expect(at({ resetsAt: 900 })).to.equal(undefined);
  });

  it("follows a local clock that is ahead of the latest block by up to a minute", () => {
    expect(at({ localTime: 1060 })).to.equal(1360);
    expect(at({ localTime: 1012, resetsAt: 1029 })).to.equal(undefined);
  });

  it("does not follow a local clock that is behind the chain, or far ahead of it", () => {
    expect(at({ localTime: 10 })).to.equal(1300);
    expect(at({ localTime: 1061 })).to.equal(1300);
  });
});
