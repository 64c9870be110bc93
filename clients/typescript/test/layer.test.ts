/** The TypeScript client around the generated calls: retries, keys, tokens, pages, problems, webhooks. */

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import test from "node:test";
import { inspect } from "node:util";
import {
  Client,
  ClientCredentials,
  Conflict,
  etagOf,
  Invalid,
  ParvandehError,
  Problem,
  Rejected,
  TokenRefused,
  Unavailable,
  Unreachable,
  Webhook,
} from "@parvandeh/client";

const CASE = { id: "c", case_number: "1405-000001" };
const START = { definition: "p", data: {} };

type Sent = { url: string; method: string; headers: Record<string, string>; body: unknown; redirect: unknown };

/** A client whose requests are answered with these in turn, and stored. */
function server(answers: Array<Response | Error>, token: ClientCredentials | string = "t", attempts = 4) {
  const sent: Sent[] = [];
  const waits: number[] = [];
  const answer = async (url: string, init: RequestInit): Promise<Response> => {
    const { method, headers, body, redirect } = init;
    sent.push({ url, method: method!, headers: headers as Record<string, string>, body, redirect });
    const next = answers.shift();
    if (next instanceof Error) throw next;
    return next!;
  };
  const client = new Client("http://parvandeh.test/", { token, attempts, fetch: answer as typeof fetch });
  client.caller.connection.sleep = async (seconds) => void waits.push(seconds);
  return { client, sent, waits };
}

const done = (headers = {}): Response => Response.json(CASE, { headers });
const busy = (status = 503, after: string | null = "2"): Response =>
  Response.json(
    { type: "urn:parvandeh:problem:busy", detail: "busy" },
    { status, headers: after === null ? {} : { "Retry-After": after } },
  );
const lost = (code: string): Error => new TypeError("fetch failed", { cause: { code } });

test("a post is repeated with its key, and the next has another", async () => {
  const { client, sent, waits } = server([lost("ECONNRESET"), busy(), done(), done(), done()]);
  assert.equal((await client.cases.start(START)).id, "c");
  await client.cases.start(START);
  await client.cases.start(START, { idempotencyKey: "form 7" });
  const [first, second, third, other, own] = sent.map((one) => one.headers["Idempotency-Key"]);
  assert.ok(first === second && second === third && third !== other);
  assert.equal(own, "form 7");
  assert.ok(waits[1]! >= 2 && waits[1]! <= 3);
});

test("what may have happened, or takes too long, is not repeated", async () => {
  for (const refusal of [busy(503, null), busy(503, "31"), busy(429, null)]) {
    const { client, sent } = server([refusal, done()]);
    await assert.rejects(client.account.change({ language: "fa" }), Unavailable);
    assert.equal(sent.length, 1);
  }
  await assert.rejects(server([lost("ECONNRESET"), done()]).client.account.change({}), Unreachable);
  await server([lost("ECONNREFUSED"), busy(429, "1"), done()]).client.account.change({});
  await assert.rejects(server([busy(503, null), busy(503, null)], "t", 2).client.cases.show("c"), Unavailable);
});

test("the tag of what was read goes with the change, names may be Persian", async () => {
  const { client, sent } = server([done({ ETag: '"7"' }), done(), done()]);
  const read = await client.acting({ onBehalfOf: "سارا", language: "fa" }).cases.show("a/b?c");
  assert.equal(sent[0]!.url, "http://parvandeh.test/api/v1/cases/a%2Fb%3Fc");
  assert.equal(Buffer.from(sent[0]!.headers["X-On-Behalf-Of"]!, "latin1").toString(), "سارا");
  await client.cases.cancel("c", { reason: "r" }, { ifMatch: read });
  await client.cases.cancel("c", {}, { ifMatch: etagOf(read) });
  assert.deepEqual(sent.slice(1).map((one) => one.headers["If-Match"]), ['"7"', '"7"']);
});

test("a change with an object that lost its tag is not sent", async () => {
  const { client, sent } = server([done({ ETag: '"7"' }), done()]);
  for (const lost of [{ ...(await client.cases.show("c")) }, await client.cases.show("c"), ""]) {
    await assert.rejects(client.cases.cancel("c", {}, { ifMatch: lost }), /read the object again/);
    assert.throws(() => etagOf(lost), /read the object again/);
  }
  assert.deepEqual(sent.map((one) => one.method), ["GET", "GET"]);
  assert.equal(etagOf(undefined), undefined);
});

test("requests may take longer than the server holds one, and end", async (context) => {
  const limits: number[] = [];
  const hung = (_: string, { signal }: RequestInit): Promise<Response> =>
    new Promise((_resolve, reject) => signal!.addEventListener("abort", () => reject(signal!.reason)));
  const timeout = AbortSignal.timeout.bind(AbortSignal);
  context.mock.method(AbortSignal, "timeout", (limit: number) => (limits.push(limit), timeout(5)));
  const alive = setInterval(() => {}, 1000);
  const answers = [hung, async () => Response.json({ access_token: "t" })];
  const answer = ((url: string, init: RequestInit) => answers.shift()!(url, init)) as typeof fetch;
  const credentials = new ClientCredentials("https://p.test/token", "id", "s", { fetch: answer });
  const { client, sent } = server([done()], credentials);
  await assert.rejects(client.cases.show("c"), Unreachable);
  await client.cases.show("c");
  clearInterval(alive);
  assert.equal(sent[0]!.headers["Authorization"], "Bearer t");
  assert.deepEqual(limits, [45_000, 45_000, 45_000]);
  assert.throws(() => new Client("http://parvandeh.test", { attempts: 0 }), RangeError);
});

test("a body that breaks off is repeated like a lost connection", async () => {
  const broken = (): Response =>
    new Response(new ReadableStream({ pull: (stream) => stream.error(new DOMException("late", "TimeoutError")) }));
  const { client, sent } = server([broken(), done(), broken(), new Response("<html>")]);
  await client.cases.start(START);
  assert.equal(sent.length, 2);
  await assert.rejects(client.account.change({}), Unreachable);
  await assert.rejects(client.account.change({}), (failure: Unreachable) => {
    assert.ok(!inspect(failure).includes("<html>"));
    return failure instanceof Unreachable;
  });
});

test("a redirect is not followed with what was sent", async () => {
  const { client, sent } = server([Response.redirect("https://other.test/", 307), done()]);
  await assert.rejects(client.cases.start(START), (refused: Problem) => refused.status === 307);
  assert.deepEqual(sent.map((one) => one.redirect), ["manual"]);
  const asked: unknown[] = [];
  const provider = async (_: string, init: RequestInit): Promise<Response> => {
    asked.push(init.redirect, String(init.body));
    return Response.redirect("https://other.test/", 307);
  };
  const options = { audience: undefined, fetch: provider as typeof fetch };
  await assert.rejects(new ClientCredentials("https://p.test/token", "id", "s", options).current(), TokenRefused);
  assert.deepEqual(asked, ["manual", "grant_type=client_credentials"]);
});

test("a token that was replaced already is not replaced again", async () => {
  let issued = 0;
  const provider = async (): Promise<Response> => Response.json({ access_token: `t${(issued += 1)}` });
  const credentials = new ClientCredentials("https://p.test/token", "id", "s", { fetch: provider as typeof fetch });
  const refused = (): Response => Response.json({}, { status: 401 });
  const { client } = server([refused(), refused(), done(), done()], credentials);
  await Promise.all([client.cases.show("c"), client.cases.show("c")]);
  credentials.expire("t1");
  await credentials.current();
  assert.equal(issued, 2);
});

test("secrets and persons are in no error and no log of a client", async () => {
  const { client, sent } = server([], "pvd_hidden\nx");
  await assert.rejects(client.cases.show("c"), (refused: Error) => {
    assert.match(refused.message, /Authorization has a line break/);
    return !inspect(refused).includes("hidden");
  });
  const shown = inspect(client.acting({ onBehalfOf: "0000004091" }), { depth: 9 });
  assert.ok(!/hidden|4091/.test(shown), shown);
  for (const part of ["", ".", ".."]) assert.throws(() => client.cases.cancel(part), /part of an address/);
  assert.equal(sent.length, 0);
});

test("pages that never end are an error", async () => {
  const { client } = server([1, 2, 3].map(() => Response.json({ items: [1], next: "a" })));
  await assert.rejects(async () => {
    for await (const _ of client.cases.listAll());
  }, (failure: ParvandehError) => failure instanceof ParvandehError && /same page/.test(failure.message));
});

test("a problem has every fault", async () => {
  const errors = [{ pointer: "/data/area", code: "minimum", detail: "is less than 1" }];
  const document = { type: "urn:parvandeh:problem:invalid", request_id: "r1", errors };
  const { client } = server([Response.json(document, { status: 422 }), new Response("<html>", { status: 409 })]);
  await assert.rejects(client.cases.start(START), (refused: Invalid) => {
    assert.ok(refused instanceof Invalid);
    assert.deepEqual([refused.kind, refused.requestId, refused.errors], ["invalid", "r1", errors]);
    return true;
  });
  await assert.rejects(client.cases.show("c"), (refused: Conflict) => refused.type === "about:blank");
});

test("all pages are read", async () => {
  const page = (number: number): Response =>
    Response.json({ items: [number], next: number < 3 ? number : null });
  const { client, sent } = server([1, 2, 3, 1, 2, 3].map(page));
  const found: unknown[] = [];
  for await (const one of client.cases.listAll({ status: "active" })) found.push(one);
  for await (const one of client.tasks.searchAll({ text: "a" })) found.push(one);
  assert.deepEqual(found, [1, 2, 3, 1, 2, 3]);
  assert.match(sent[2]!.url, /\?(cursor=2&status=active|status=active&cursor=2)$/);
  assert.deepEqual(JSON.parse(String(sent[5]!.body)), { text: "a", cursor: 2 });
});

test("a list continues after a given page", async () => {
  const cursor = "0199a1c8-0000-7000-8000-000000000001";
  const { client, sent } = server([Response.json({ items: [1], next: null })]);
  for await (const _ of client.tasks.searchAll({ text: "a", cursor }));
  assert.deepEqual(JSON.parse(String(sent[0]!.body)), { text: "a", cursor });
});

test("a file is sent as a form", async () => {
  const { client, sent } = server([done()]);
  await client.staging.upload({ file: new File(["%PDF"], "a.pdf"), field: "/deed", definition: "p" });
  const form = sent[0]!.body as FormData;
  assert.equal((form.get("file") as File).name, "a.pdf");
  assert.equal(form.get("definition"), "p");
});

test("the token of a provider is used until it ends or is refused", async (context) => {
  let issued = 0;
  context.mock.method(globalThis, "fetch", async () => {
    issued += 1;
    const body = issued === 3 ? { error: "invalid_client" } : { access_token: `t${issued}`, expires_in: 300 };
    return Response.json(body, { status: issued === 3 ? 400 : 200 });
  });
  const refused = (): Response => Response.json({}, { status: 401 });
  const credentials = new ClientCredentials("https://p.test/token", "id", "s", { scope: "a" });
  const { client, sent } = server([done(), done(), refused(), done(), refused(), done()], credentials);
  await Promise.all([client.cases.show("c"), client.cases.show("c")]);
  await client.cases.show("c");
  const used = sent.map((one) => one.headers["Authorization"]);
  assert.deepEqual(used, ["Bearer t1", "Bearer t1", "Bearer t1", "Bearer t2"]);
  await assert.rejects(client.cases.show("c"), TokenRefused);
});

const SECRETS = ["whsec_c2VjcmV0LW9uZS1zZWNyZXQtb25l", "whsec_c2VjcmV0LXR3by1zZWNyZXQtdHdv"];

function signed(body: string, secret: string, age = 0): Record<string, string> {
  const sent = Math.round(Date.now() / 1000) - age;
  const hmac = createHmac("sha256", Buffer.from(secret.slice(6), "base64")).update(`c/4.${sent}.${body}`);
  const signature = `v1a,xxxx v1,${hmac.digest("base64")}`; // one of several kinds
  return { "Webhook-Id": "c/4", "webhook-timestamp": String(sent), "webhook-signature": signature };
}

test("a webhook is verified, also while its secret is replaced", async () => {
  const { headers, body } = JSON.parse(process.env["SIGNED"]!); // by the product, with the first secret
  const event = await new Webhook(SECRETS).verify(headers, body);
  assert.deepEqual([event.id, event.kind, event.data["seq"]], ["c/4", "task.completed", 4]);
  await new Webhook(SECRETS).verify(new Headers(signed(body, SECRETS[1]!)), Buffer.from(body));
});

test("a webhook that is old, changed or signed otherwise is rejected", async () => {
  const body = JSON.stringify({ specversion: "1.0", id: "c/4", type: "parvandeh.case.started", data: {} });
  const webhook = new Webhook(SECRETS[0]!);
  const rejected = async (headers: Record<string, string>, content: string, reason: RegExp): Promise<void> =>
    assert.rejects(webhook.verify(headers, content), (one: Rejected) => one instanceof Rejected && reason.test(one.message));
  await rejected(signed(body, SECRETS[1]!), body, /not signed/);
  await rejected(signed(body, SECRETS[0]!), `${body} `, /not signed/);
  await rejected(signed(body, SECRETS[0]!, 302), body, /seconds old/);
  await rejected(signed(body, SECRETS[0]!, -302), body, /seconds old/);
  await rejected({ "webhook-id": "c/4" }, body, /missing/);
  await rejected(signed("[]", SECRETS[0]!), "[]", /no CloudEvent/);
  assert.throws(() => new Webhook("whsec_?"), /Base64/);
  for (const missing of ["", "whsec_"]) assert.throws(() => new Webhook([SECRETS[0]!, missing]), /empty/);
});
