/** Failures of calls: problem documents (RFC 9457) as typed errors, and a server that can't be reached. */

import type * as models from "./generated/models.js";

const TYPE = "urn:parvandeh:problem:";

/** A call failed. */
export class ParvandehError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** No response came. A change may have been made or not: repeat a POST with the same idempotency key. */
export class Unreachable extends ParvandehError {}

/** What is wrong with one place of the request; `pointer` is a JSON Pointer, such as `/data/area`. */
export interface FieldFault {
  pointer: string;
  code: string;
  detail: string;
}

/** The server refused the request. Programs rely on `kind` and `code`; `title` and `detail` are for people. */
export class Problem extends ParvandehError {
  readonly status: number;
  readonly document: Partial<models.Problem>;
  readonly type: string;
  readonly kind: string;
  readonly title: string;
  readonly detail: string;
  readonly code: string | undefined;
  readonly requestId: string | undefined;
  readonly state: Record<string, unknown>;
  readonly errors: FieldFault[];
  readonly retryAfter: number | undefined;

  constructor(status: number, document: Partial<models.Problem>, retryAfter?: number) {
    const type = document.type ?? "about:blank";
    const kind = type.startsWith(TYPE) ? type.slice(TYPE.length) : type;
    super(`${status} ${kind}: ${document.detail ?? document.title ?? ""} (request ${document.request_id})`);
    this.status = status;
    this.document = document;
    this.type = type;
    this.kind = kind;
    this.title = document.title ?? "";
    this.detail = document.detail ?? "";
    this.code = document.code ?? undefined;
    this.requestId = document.request_id;
    this.state = (document.state ?? {}) as Record<string, unknown>;
    this.errors = (document.errors ?? []) as FieldFault[];
    this.retryAfter = retryAfter;
  }
}

/** 401: no token, or one that isn't valid. */
export class Unauthorized extends Problem {}
/** 403: the account or the token may not do this, or another person must. */
export class Forbidden extends Problem {}
/** 404: it doesn't exist, or the caller may not see it. */
export class NotFound extends Problem {}
/** 409: the request contradicts the current state, which is in `state`. */
export class Conflict extends Problem {}
/** 412: it was changed since it was read. */
export class Stale extends Problem {}
/** 422: the input is invalid; `errors` has every place. */
export class Invalid extends Problem {}
/** 429 or 503, after all retries: try again after `retryAfter` seconds, if that is set. */
export class Unavailable extends Problem {}

const OF_STATUS: Record<number, typeof Problem> = {
  401: Unauthorized,
  403: Forbidden,
  404: NotFound,
  409: Conflict,
  412: Stale,
  422: Invalid,
  429: Unavailable,
  503: Unavailable,
};

/** Return the error for a response. */
export function problem(status: number, document: unknown, retryAfter?: number): Problem {
  const known = typeof document === "object" && document ? document : {};
  return new (OF_STATUS[status] ?? Problem)(status, known, retryAfter);
}
