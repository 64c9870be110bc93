/** The client: the operations of an installation, for one token. */

import { Operations } from "./generated/operations.js";
import type { Token } from "./tokens.js";
import { Caller, type Connection } from "./transport.js";

/** What a client needs besides the address. */
export interface ClientOptions {
  /** A token, a function that returns the current one, or ClientCredentials. */
  token?: Token;
  /** How often a request is sent at most (default: 4). */
  attempts?: number;
  /** A `fetch` of your own, for proxies or certificates. */
  fetch?: typeof fetch;
}

/** For whom and why calls are made, and the language of texts in responses. */
export interface Acting {
  onBehalfOf?: string;
  purpose?: string;
  language?: "fa" | "en";
  /** Proves that the person is logged in: the access token that their login gave you, at most ten minutes old. */
  personToken?: string;
}

/** The API of an installation. For servers: a token of a portal must not reach a browser. */
export class Client extends Operations {
  /** Sends requests that have no method here. */
  readonly caller: Caller;

  constructor(url: string | Caller, options: ClientOptions = {}) {
    const caller = typeof url === "string" ? new Caller(connection(url, options)) : url;
    super(caller);
    this.caller = caller;
  }

  /** Return a client of the same connection whose calls have these headers; both are in the logs of the case. */
  acting({ onBehalfOf, purpose, language, personToken }: Acting): Client {
    const person = { "X-On-Behalf-Of": onBehalfOf, "X-Person-Token": personToken };
    return new Client(this.caller.having({ ...person, "X-Purpose": purpose, "Accept-Language": language }));
  }
}

function connection(url: string, options: ClientOptions): Connection {
  const { token, attempts = 4 } = options;
  if (!(attempts >= 1)) throw new RangeError("At least one attempt is needed.");
  return {
    url: url.replace(/\/+$/, ""),
    token: typeof token === "string" ? () => token : token, // so that no log of a client shows it
    fetch: options.fetch ?? fetch,
    attempts,
    sleep: (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000)),
  };
}
