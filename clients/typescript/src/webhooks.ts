/** Verifies webhooks (Standard Webhooks) and reads the CloudEvents in them. */

import { ParvandehError } from "./problems.js";

const TOLERANCE = 300; // seconds that a request may be old: an older one may be a replay
const TYPE = "parvandeh.";

/** The request doesn't come from the installation, or is too old. Answer 401, and don't use it. */
export class Rejected extends ParvandehError {}

/**
 * An event of a case. The same one may come again: store the `id`s that you have processed.
 *
 * `kind` is the kind of event, such as `task.completed`; `data` has `case`, `seq`, `task`, `definition` …
 */
export interface Event {
  id: string;
  kind: string;
  caseNumber: string;
  time: string;
  data: Record<string, unknown>;
}

/** Headers of a request: those of `fetch`, or of Node's `http`. */
export type RequestHeaders = Headers | Record<string, string | string[] | undefined>;

/**
 * Verifies the requests of one subscription.
 *
 * While a secret is being replaced, pass both: a request signed with either is accepted.
 */
export class Webhook {
  readonly #keys: Array<Uint8Array<ArrayBuffer>>;
  readonly #tolerance: number;

  constructor(secrets: string | string[], options: { tolerance?: number } = {}) {
    const given = typeof secrets === "string" ? [secrets] : secrets;
    if (given.length === 0) throw new TypeError("At least one secret is needed.");
    this.#keys = given.map(keyOf);
    this.#tolerance = options.tolerance ?? TOLERANCE;
  }

  /** Return the event of a request. Throws Rejected. `body` exactly as it was received. */
  async verify(headers: RequestHeaders, body: Uint8Array | string): Promise<Event> {
    const id = headerOf(headers, "webhook-id");
    const sent = headerOf(headers, "webhook-timestamp");
    const given = headerOf(headers, "webhook-signature").split(" ");
    const age = Math.abs(Date.now() / 1000 - Number(sent));
    if (!id || !/^\d+$/.test(sent)) throw new Rejected("The headers of a webhook are missing or malformed.");
    if (age > this.#tolerance) throw new Rejected(`The webhook is ${Math.round(age)} seconds old.`);
    const content = typeof body === "string" ? new TextEncoder().encode(body) : body;
    const head = new TextEncoder().encode(`${id}.${sent}.`);
    const signed = new Uint8Array([...head, ...content]);
    for (const key of this.#keys) {
      for (const one of given) {
        if (await matches(key, signed, one)) return parse(new TextDecoder().decode(content));
      }
    }
    throw new Rejected("The webhook is not signed with this secret.");
  }
}

/** Return the event in a verified body. Throws Rejected if it is none. */
export function parse(body: string): Event {
  let event: Record<string, unknown>;
  try {
    event = JSON.parse(body) as Record<string, unknown>;
  } catch (failure) {
    throw new Rejected("The webhook contains no CloudEvent.", { cause: failure });
  }
  const { specversion, id, type, subject, time, data } = event ?? {};
  if (specversion !== "1.0" || typeof id !== "string" || typeof type !== "string" || !data) {
    throw new Rejected("The webhook contains no CloudEvent 1.0.");
  }
  return {
    id,
    kind: type.startsWith(TYPE) ? type.slice(TYPE.length) : type,
    caseNumber: String(subject),
    time: String(time),
    data: data as Record<string, unknown>,
  };
}

function headerOf(headers: RequestHeaders, name: string): string {
  if (headers instanceof Headers) return headers.get(name) ?? "";
  const found = Object.entries(headers).find(([one]) => one.toLowerCase() === name)?.[1];
  return (Array.isArray(found) ? found[0] : found) ?? "";
}

function keyOf(secret: string): Uint8Array<ArrayBuffer> {
  let key: Uint8Array<ArrayBuffer>;
  try {
    key = bytesOf(secret.replace(/^whsec_/, ""));
  } catch (failure) {
    throw new TypeError("The secret of a webhook is Base64 after `whsec_`.", { cause: failure });
  }
  // Such as a setting that is missing: anybody can sign with that.
  if (key.length === 0) throw new TypeError("The secret of a webhook is empty.");
  return key;
}

function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}

/** Compares in constant time, as Web Crypto does. */
async function matches(key: Uint8Array<ArrayBuffer>, signed: Uint8Array<ArrayBuffer>, given: string): Promise<boolean> {
  if (!given.startsWith("v1,")) return false;
  const hmac = await crypto.subtle.importKey("raw", key, { name: "HMAC", hash: "SHA-256" }, false, ["verify"]);
  try {
    return await crypto.subtle.verify("HMAC", hmac, bytesOf(given.slice(3)), signed);
  } catch {
    return false; // not Base64
  }
}
