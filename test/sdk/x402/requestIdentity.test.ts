import { expect } from "chai";
import { requestIdentity } from "#sdk/agent/x402/requestIdentity.ts";

const url = "https://shop.example/order";
const post = (body: BodyInit, headers?: Record<string, string>) =>
  requestIdentity(new Request(url, { method: "POST", body, ...(headers ? { headers } : {}) }));

function order(dish: string, photo = new Uint8Array([0, 255, 45, 45, 13, 10, 200])): FormData {
  const form = new FormData();
  form.set("dish", dish);
  form.set("photo", new File([photo], "photo.bin", { lastModified: Math.floor(Math.random() * 1e12) }));
  return form;
}

describe("what tells one purchase from another", () => {
  it("is the same for equal forms, though each is sent with a boundary of its own", async () => {
    const boundaries = [order("soup"), order("soup")].map((body) =>
      new Request(url, { method: "POST", body }).headers.get("content-type"),
    );
    expect(boundaries[0]).not.to.equal(boundaries[1]);
    expect(await post(order("soup"))).to.equal(await post(order("soup")));
  });

  it("differs for forms with another field or another file", async () => {
    const soup = await post(order("soup"));
    expect(await post(order("fish"))).not.to.equal(soup);
    expect(await post(order("soup", new Uint8Array([0, 254, 45, 45, 13, 10, 200])))).not.to.equal(soup);
  });

  it("does not take text in a part for the end of the part", async () => {
    const part = (boundary: string, content: string) =>
      `--${boundary}\r\nContent-Disposition: form-data; name="a"\r\n\r\n${content}\r\n--${boundary}--\r\n`;
    const typed = (boundary: string) => ({ "content-type": `multipart/form-data; boundary="${boundary}"` });
    const decoy = (delimiter: string) =>
      `1\r\n${delimiter}\r\nContent-Disposition: form-data; name="b"\r\n\r\n2`;
    const two = await post(part("X", decoy("--X")), typed("X"));
    expect(await post(part("Y", decoy("--Y")), typed("Y"))).to.equal(two);
    for (const one of ["--", "--Z", "|", ""])
      expect(await post(part("Y", decoy(one)), typed("Y"))).not.to.equal(two);
  });

  it("is the same for a form that was given as a request, and for a boundary in a longer content type", async () => {
    const body = "--b\r\n\r\nsoup\r\n--b--\r\n";
    const one = await post(body, { "content-type": "multipart/form-data; boundary=b" });
    const other = await post(body.replaceAll("--b", "--c"), {
      "content-type": "Multipart/Related; type=text/plain; Boundary=c; charset=utf-8",
    });
    expect(other).to.equal(one);
  });

  it("is of the body where the browser has no Request.body", async () => {
    const body = Object.getOwnPropertyDescriptor(Request.prototype, "body") as PropertyDescriptor;
    Object.defineProperty(Request.prototype, "body", { ...body, get: () => undefined });
    try {
      expect(await post("soup")).not.to.equal(await post("fish"));
    } finally {
      Object.defineProperty(Request.prototype, "body", body);
    }
  });

  it("does without crypto.subtle, which a page without TLS has not", async () => {
    const subtle = Object.getOwnPropertyDescriptor(Crypto.prototype, "subtle") as PropertyDescriptor;
    Object.defineProperty(Crypto.prototype, "subtle", { ...subtle, get: () => undefined });
    try {
      expect(await post("soup")).to.equal(await post("soup"));
    } finally {
      Object.defineProperty(Crypto.prototype, "subtle", subtle);
    }
  });

  it("ignores the fragment, which no server sees, and headers, but not method, path or query", async () => {
    const identity = (address: string, init?: RequestInit) => requestIdentity(new Request(address, init));
    const plain = await identity(url);
    expect(await identity(`${url}#today`)).to.equal(plain);
    expect(await identity(url, { headers: { traceparent: "00-1" } })).to.equal(plain);
    for (const other of [identity(`${url}?a`), identity(`${url}/`), identity(url, { method: "DELETE" })])
      expect(await other).not.to.equal(plain);
  });
});
