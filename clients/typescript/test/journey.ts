/** A case from application to decision at a running installation. */

import assert from "node:assert/strict";
import { Client, Conflict, Forbidden, Invalid, type models, NotFound, Stale } from "@parvandeh/client";

const url = process.env["PARVANDEH_URL"]!;
const portal = new Client(url, { token: process.env["PORTAL_TOKEN"]! });
const office = new Client(url, { token: process.env["CASEWORKER_TOKEN"]! });
const person = { onBehalfOf: "0000004091", purpose: "نشانی تازه", language: "en" } as const;
const citizen = portal.acting(person);

const { form } = await citizen.startForms.readForm("address-change");
assert.ok("postal_code" in (form?.schema as { properties: object }).properties);
const data = { national_id: person.onBehalfOf, new_address: "تهران، خیابان آزادی، پلاک ۱۲", postal_code: "1345678901" };
const start = { definition: "address-change", applicant: person.onBehalfOf, data };
await assert.rejects(citizen.cases.start({ ...start, data: { ...data, postal_code: "1" } }), (refused: Invalid) => {
  assert.deepEqual(refused.errors.map((one) => [one.pointer, one.code]), [["/data/postal_code", "format/postal-code"]]);
  return refused instanceof Invalid && Boolean(refused.requestId);
});
const started = await citizen.cases.start(start, { idempotencyKey: `journey ${process.pid}` });
const again = await citizen.cases.start(start, { idempotencyKey: `journey ${process.pid}` });
assert.equal(again.id, started.id);

async function opened(client: Client, kind: models.TaskBody["kind"]): Promise<models.TaskBody> {
  for (let waited = 0; waited < 300; waited += 1) {
    for await (const listed of client.tasks.listAll({ case: started.id, status: "open" })) {
      if (listed.kind === kind) return client.tasks.show(listed.id);
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`no task of kind ${kind}`);
}

const decide = await opened(office, "step");
await office.desk.sendBack(decide.id, { fields: [{ pointer: "/postal_code", text: "نادرست" }] });
const correction = await opened(citizen, "correction");
const stale = (await citizen.tasks.show(correction.id)) && '"0"';
const answer = { data: { postal_code: "1345678902" } };
await assert.rejects(citizen.tasks.complete(correction.id, answer, { ifMatch: stale }), Stale);
await citizen.tasks.complete(correction.id, answer, { ifMatch: correction });
await assert.rejects(citizen.tasks.complete(decide.id, { data: { decision: "accepted" } }), Forbidden);
await office.tasks.complete(decide.id, { data: { decision: "accepted" } });

const { items } = await citizen.decisions.list(started.id);
assert.deepEqual(items.map((one) => [one.outcome, one.effect]), [["accepted", "grants"]]);
const status = await portal.status.read({ case_number: started.case_number, secret: started.secret, language: "en" });
assert.deepEqual([status.state, status.decision?.outcome], ["ended", "Accepted"]);
await assert.rejects(citizen.cases.withdraw(started.id), Conflict);
await assert.rejects(citizen.cases.show(crypto.randomUUID()), NotFound);
const picture = await portal.pictures.drawCase(started.id);
assert.match(new TextDecoder().decode(picture.data), /<svg/);
const kinds: string[] = [];
for await (const event of office.cases.listEventsAll(started.id)) kinds.push(event.kind);
assert.ok(kinds.includes("decision.made"));
