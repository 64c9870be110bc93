/** Sends requests: headers, idempotency keys, retries; makes errors of problem documents. */

import { type Content, etagOf, parsed, type Tag, tagged } from "./answers.js";
import { ParvandehError, problem, Unreachable } from "./problems.js";
import { ClientCredentials, TIMEOUT, type Token } from "./tokens.js";

const FIRST_WAIT = 0.2; // seconds; doubles with each attempt
const LONGEST_WAIT = 30; // seconds that a call waits before an attempt; a longer `Retry-After` is an error

/** An installation, and how requests are sent to it. */
export interface Connection {
  url: string;
  token: Token | undefined;
  fetch: typeof fetch;
  attempts: number;
  sleep: (seconds: number) => Promise<void>;
}

/** The parts of a request. */
export interface Call {
  query?: Record<string, unknown>;
  body?: unknown;
  form?: object;
  ifMatch?: Tag;
  idempotencyKey?: string | undefined;
}

/** Sends the requests of the operations, with the same headers for all. */
export class Caller {
  readonly connection: Connection;
  readonly #headers: Record<string, string>; // name persons: no log of a client shows them

  constructor(connection: Connection, headers: Record<string, string> = {}) {
    this.connection = connection;
    this.#headers = headers;
  }

  /** Return a caller with further headers. */
  having(headers: Record<string, string | undefined>): Caller {
    const given = Object.entries(headers).filter((entry): entry is [string, string] => entry[1] !== undefined);
    return new Caller(this.connection, { ...this.#headers, ...Object.fromEntries(given) });
  }

  /** Return the JSON of the response; undefined if it has no body. Throws Problem or Unreachable. */
  async json<T>(method: string, path: string, call: Call = {}): Promise<T> {
    const response = await this.send(method, path, "application/json", call);
    const text = await response.text();
    if (!text) return undefined as T;
    const found = parsed(text);
    if (found === undefined) {
      throw new Unreachable(`${this.connection.url} answered ${response.status}, but without JSON.`);
    }
    tagged(found, response.headers.get("ETag"));
    return found as T;
  }

  /** Return the file in the response. Throws Problem or Unreachable. */
  async content(method: string, path: string, call: Call = {}): Promise<Content> {
    const response = await this.send(method, path, "*/*", call);
    const mediaType = response.headers.get("Content-Type") ?? "application/octet-stream";
    const data = new Uint8Array(await response.arrayBuffer());
    return { data, mediaType, etag: response.headers.get("ETag") ?? undefined };
  }

  /** Return the response of a request that succeeded; repeats it where that is safe. */
  async send(method: string, path: string, accept: string, call: Call = {}): Promise<Response> {
    const headers: Record<string, string> = { Accept: accept, ...this.#headers };
    // Also on each repetition: the server then executes it once.
    if (method === "POST") headers["Idempotency-Key"] = call.idempotencyKey ?? crypto.randomUUID();
    const tag = etagOf(call.ifMatch);
    if (tag !== undefined) headers["If-Match"] = tag;
    let body: FormData | string | undefined;
    if (call.form) body = formOf(call.form);
    else if (call.body !== undefined && call.body !== null) {
      body = JSON.stringify(call.body);
      headers["Content-Type"] = "application/json";
    }
    const address = this.connection.url + path + queryOf(call.query ?? {});
    const response = await this.#repeated(method, address, headers, body);
    if (response.ok) return response;
    throw problem(response.status, parsed(await response.text()), retryAfter(response));
  }

  /** Send until there is a response that isn't worth another attempt. */
  async #repeated(
    method: string,
    address: string,
    headers: Record<string, string>,
    body: FormData | string | undefined,
  ): Promise<Response> {
    const { token, attempts, fetch: send, sleep, url } = this.connection;
    let expired = false;
    for (let attempt = 1; ; attempt += 1) {
      const last = attempt >= attempts;
      const current = await tokenOf(token);
      const signed = coded(current ? { ...headers, Authorization: `Bearer ${current}` } : headers);
      let wait: number | undefined;
      try {
        const signal = AbortSignal.timeout(TIMEOUT);
        // Another address gets neither the body nor the headers, which name persons.
        const request: RequestInit = { method, headers: signed, body: body ?? null, redirect: "manual", signal };
        const response = await whole(await send(address, request));
        if (response.status === 401 && token instanceof ClientCredentials && current && !expired && !last) {
          token.expire(current);
          expired = true;
          continue;
        }
        wait = last ? undefined : waitAfter(method, response, attempt);
        if (wait === undefined) return response;
      } catch (failure) {
        if (last || !(method === "GET" || method === "POST" || neverSent(failure))) {
          throw new Unreachable(`${url} can't be reached: ${failure}`, { cause: failure });
        }
        wait = backoff(attempt);
      }
      await sleep(wait);
    }
  }
}

/** Return a value as a part of a path. Throws TypeError for one that would lead to another path. */
export function part(value: string | number): string {
  if (["", ".", ".."].includes(String(value))) throw new TypeError(`\`${value}\` can't be a part of an address.`);
  return encodeURIComponent(value);
}

/** Yield the items of all pages of a list. */
export async function* pages<T, C>(
  read: (cursor: C | undefined) => Promise<{ items: T[]; next: C | null }>,
): AsyncGenerator<T> {
  let following: C | undefined;
  do {
    const page: { items: T[]; next: C | null } = await read(following);
    yield* page.items;
    if (page.next && page.next === following) throw new ParvandehError("The server returns the same page again.");
    following = page.next || undefined;
  } while (following !== undefined);
}

/** Return a response whose body has arrived, so that a connection lost before its end is noticed. */
async function whole(response: Response): Promise<Response> {
  const body = await response.arrayBuffer();
  const { status, statusText, headers } = response;
  return new Response(body.byteLength ? body : null, { status, statusText, headers });
}

async function tokenOf(token: Token | undefined): Promise<string | undefined> {
  return token instanceof ClientCredentials ? token.current() : typeof token === "function" ? token() : token;
}

/**
 * Return headers whose characters are their bytes in UTF-8: `fetch` only sends those, and names of people are Persian.
 *
 * Throws TypeError that doesn't repeat the value, as `fetch` would.
 */
function coded(headers: Record<string, string>): Record<string, string> {
  const all = Object.entries(headers).map(([name, text]) => {
    if (/[\x00-\x08\x0a-\x1f\x7f]/.test(text)) {
      throw new TypeError(`The value of the header ${name} has a line break or another control character.`);
    }
    return [name, String.fromCharCode(...new TextEncoder().encode(text))];
  });
  return Object.fromEntries(all) as Record<string, string>;
}

/**
 * Return the seconds until the next attempt; undefined if there should be none.
 *
 * Nothing was changed by a 429, nor by a 503 with `Retry-After`; without it, only reading is safe.
 */
function waitAfter(method: string, response: Response, attempt: number): number | undefined {
  if (response.status !== 429 && response.status !== 503) return undefined;
  const after = retryAfter(response);
  if (after === undefined) return method === "GET" ? backoff(attempt) : undefined;
  return after > LONGEST_WAIT ? undefined : after + backoff(1);
}

/** Return a random time below a limit that doubles, so that many callers don't return at once. */
function backoff(attempt: number): number {
  return Math.random() * FIRST_WAIT * 2 ** attempt;
}

function neverSent(failure: unknown): boolean {
  const cause = failure instanceof Error ? (failure.cause as { code?: string } | undefined) : undefined;
  return ["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "UND_ERR_CONNECT_TIMEOUT"].includes(cause?.code ?? "");
}

function retryAfter(response: Response): number | undefined {
  const value = response.headers.get("Retry-After") ?? "";
  const seconds = /^\d+$/.test(value) ? Number(value) : (Date.parse(value) - Date.now()) / 1000;
  return Number.isNaN(seconds) ? undefined : Math.max(0, seconds);
}

function queryOf(values: Record<string, unknown>): string {
  const given = Object.entries(values).filter(([, value]) => value !== undefined && value !== null);
  const query = new URLSearchParams(given.map(([name, value]) => [name, String(value)]));
  return given.length ? `?${query}` : "";
}

/** Return a form with its texts and files. */
function formOf(values: object): FormData {
  const form = new FormData();
  for (const [name, value] of Object.entries(values) as Array<[string, unknown]>) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== undefined && one !== null) form.append(name, one instanceof Blob ? one : String(one));
    }
  }
  return form;
}
