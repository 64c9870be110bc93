// A whole small portal: citizens apply for a service, follow the case, correct answers, read the decision.
// A real portal knows its visitors by a login and stores their cases; this one remembers them until it stops.

import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { Client, Conflict, etagOf, Invalid, type models, Problem, Rejected, Webhook } from "@parvandeh/client";

type Field = { title?: string; type?: string; format?: string; enum?: unknown[]; enumNames?: string[] } & Both;
type Both = { "x-i18n"?: Record<string, { title?: string }> }; // of tasks: in both languages
type Texts = Record<string, string>;
type Known = { number: string; secret: string };
type Page = { title: string; status?: models.StatusBody; message?: string; forms?: string[] };
const env = (name: string, otherwise = ""): string => process.env[name] ?? otherwise;
const language = env("PORTAL_LANGUAGE", "fa") === "en" ? "en" : "fa";
const [service, person] = [env("PORTAL_SERVICE", "address-change"), env("PORTAL_PERSON", "national_id")]; // a field
const json = /^(true|false|-?(0|[1-9]\d*)(\.\d+)?)$/;
const words = {
  fa: { send: "ارسال", number: "شمارهٔ پرونده", decision: "تصمیم", wrong: "خطاها را اصلاح کنید.", again: "درخواست دیگر" },
  en: { send: "Send", number: "Case number", decision: "Decision", wrong: "Correct the errors.", again: "Apply again" },
}[language];
const client = new Client(env("PARVANDEH_URL"), { token: env("PARVANDEH_TOKEN") }).acting({ language });
const webhook = new Webhook(env("WEBHOOK_SECRET").split(" ")); // two, while the secret is being replaced
const seen = new Set<string>(); // ids of events; a real portal stores them
const visitors = new Map<string, Map<string, Known>>();
const safe = (text: unknown): string => String(text ?? "").replace(/[&<>"']/g, (one) => `&#${one.charCodeAt(0)};`);
const fieldsOf = (schema: any): Array<[string, Field]> => Object.entries(schema?.properties ?? {});

function html({ title, status, message, forms = [] }: Page): string {
  const decision = status?.decision;
  const grounds = decision?.grounds.map((one) => `<p>${safe(one.title)}: ${safe(one.text)}</p>`).join("");
  return `<!doctype html><html lang="${language}" dir="${language === "fa" ? "rtl" : "ltr"}"><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>${safe(title)}</title>
<style>.wrong { color: #b00020 } body { max-width: 40rem; margin: auto; padding: 1rem; font-family: sans-serif }
label, input, select, button { display: block; margin-block: .3rem; max-width: 100%; font: inherit }</style>
<main><h1>${safe(title)}</h1>${message ? `<p class="wrong" role="alert">${safe(message)}</p>` : ""}
${status ? `<p>${words.number}: <bdi id="number">${safe(status.case_number)}</bdi></p>` : ""}
<p id="status">${safe(status?.text)}</p>
${decision ? `<h2>${words.decision}</h2><p id="decision">${safe(decision.outcome)}</p>${grounds}` : ""}
${forms.join("")}</main></html>`;
}

/** Return a form. Its key belongs to the page: if it is sent twice, it takes effect once. */
function formOf(action: string, schema: unknown, values: any, marks: Texts, again = false, tag = "", text = "") {
  const fields = fieldsOf(schema).map(([name, field]) => {
    const label = `<label for="${name}">${safe(field["x-i18n"]?.[language]?.title ?? field.title ?? name)}</label>`;
    const mark = marks[`/${name}`] ? `<p class="wrong">${safe(marks[`/${name}`])}</p>` : "";
    const chosen = (value: unknown): string => (values[name] === value ? " selected" : "");
    const options = field.enum?.map((one, place) =>
      `<option value="${safe(one)}"${chosen(one)}>${safe(field.enumNames?.[place] ?? one)}</option>`);
    const [id, type] = [`id="${name}" name="${name}"`, field.format === "document" ? "file" : "text"];
    if (options) return `${label}${mark}<select ${id}><option></option>${options.join("")}</select>`;
    return `${label}${mark}<input ${id} type="${type}" value="${safe(values[name])}">`;
  });
  return `<form method="post" enctype="multipart/form-data" action="${action}"><p>${safe(text)}</p>
<input type="hidden" name="_key" value="${randomUUID()}"><input type="hidden" name="_tag" value="${safe(tag)}">
${fields.join("\n")}<button${again ? ' name="_again"' : ""}>${again ? words.again : words.send}</button></form>`;
}

/** Return what the visitor typed, in the types of the form; uploads files. */
async function answers(sent: FormData, schema: unknown, place: object): Promise<Record<string, unknown>> {
  const data: Record<string, unknown> = {};
  for (const [name, field] of fieldsOf(schema)) {
    const value = sent.get(name);
    if (value instanceof File && value.size) {
      data[name] = (await client.staging.upload({ file: value, field: `/${name}`, ...place })).id;
    } else if (typeof value === "string" && value.trim()) {
      data[name] = field.type !== "string" && json.test(value) ? JSON.parse(value) : value.trim();
    }
  }
  return data;
}

const marksOf = (refused: Problem): Texts =>
  Object.fromEntries(refused.errors.map((fault) => [fault.pointer.replace(/^\/data/, ""), fault.detail]));

async function follow(id: string, known: Known, marks: Texts = {}, typed = {}): Promise<Page> {
  const status = await client.status.read({ case_number: known.number, secret: known.secret, language });
  const forms: string[] = [];
  for await (const listed of client.tasks.listAll({ case: id, status: "open" })) {
    const task = await client.tasks.show(listed.id);
    const asked = Object.fromEntries((task.asked?.fields ?? []).map((mark) => [mark.pointer, mark.text]));
    const [action, wrong] = [`/cases/${id}/tasks/${task.id}`, { ...asked, ...marks }];
    const values = { ...task.data, ...typed };
    forms.push(formOf(action, task.form?.schema, values, wrong, false, etagOf(task), task.asked?.text ?? ""));
  }
  return { title: status.service, status, forms };
}

async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const send = (code: number, body = "", headers = {}): unknown =>
    response.writeHead(code, { "Content-Type": "text/html; charset=utf-8", ...headers }).end(body);
  const [path, post] = [request.url ?? "/", request.method === "POST"];
  const body = Buffer.concat(post ? await Readable.from(request).toArray() : []);
  if (post && path === "/hook") {
    const event = await webhook.verify(request.headers, body).catch((failure: Rejected) => failure);
    if (event instanceof Rejected) return void send(401, event.message);
    if (!seen.has(event.id)) console.log(event.caseNumber, event.kind); // a real portal notifies somebody
    return void send(204, seen.add(event.id) && ""); // the same event may come again
  }
  const given = /visitor=([\w-]+)/.exec(request.headers.cookie ?? "")?.[1] ?? "";
  const visitor = visitors.has(given) ? given : randomUUID(); // nobody else can choose it
  const cases = visitors.get(visitor) ?? new Map();
  const cookie = { "Set-Cookie": `visitor=${visitor}; HttpOnly; SameSite=Lax; Path=/` }; // not with others' forms
  const headers = { "Content-Type": request.headers["content-type"] ?? "" };
  const sent = post ? await new Response(body, { headers }).formData().catch(() => new FormData()) : new FormData();
  const once = { idempotencyKey: String(sent.get("_key")) };
  if (path === "/") {
    const { name, form } = await client.startForms.readForm(service);
    try {
      if (!post) return void send(200, html({ title: name, forms: [formOf("/", form?.schema, {}, {})] }), cookie);
      const data = await answers(sent, form?.schema, { definition: service });
      const [applicant, confirm_duplicate] = [data[person] as string | undefined, sent.has("_again")];
      const acting = client.acting({ onBehalfOf: applicant });
      const started = await acting.cases.start({ definition: service, data, applicant, confirm_duplicate }, once);
      visitors.set(visitor, cases.set(started.id, { number: started.case_number, secret: started.secret }));
      return void send(303, "", { ...cookie, Location: `/cases/${started.id}` });
    } catch (refused) {
      if (!(refused instanceof Invalid || refused instanceof Conflict)) throw refused;
      const again = !!refused.state["confirmable"]; // there is an open case: is another one meant?
      const forms = [formOf("/", form?.schema, Object.fromEntries(sent), marksOf(refused), again)];
      const page = { title: name, forms, message: refused.errors[0] ? words.wrong : refused.detail };
      return void send(refused.status, html(page), cookie);
    }
  }
  const [, id = "", taskId] = /^\/cases\/([\w-]+)(?:\/tasks\/([\w-]+))?$/.exec(path) ?? [];
  const known = cases.get(id);
  if (!known) return void send(404, "404");
  if (!post || !taskId) return void send(200, html(await follow(id, known)));
  const task = await client.tasks.show(taskId);
  if (task.case !== id) return void send(404, "404"); // of another case
  try {
    const data = await answers(sent, task.form?.schema, { task: taskId });
    await client.tasks.complete(taskId, { data }, { ifMatch: String(sent.get("_tag")), ...once });
    send(303, "", { Location: `/cases/${id}` });
  } catch (refused) {
    if (!(refused instanceof Invalid)) throw refused;
    const page = await follow(id, known, marksOf(refused), Object.fromEntries(sent));
    send(422, html({ ...page, message: words.wrong }));
  }
}

createServer((request, response) => {
  respond(request, response).catch((failure: Error) => {
    console.error(failure.message); // has the id of the request, and nothing personal
    const page = failure instanceof Problem ? { title: failure.title, message: failure.detail } : { title: "…" };
    const code = failure instanceof Problem && [404, 409, 412].includes(failure.status) ? failure.status : 503;
    response.writeHead(code, { "Content-Type": "text/html; charset=utf-8" }).end(html(page));
  });
}).listen(Number(env("PORT", "5000")), "127.0.0.1");
