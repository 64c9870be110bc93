/** Where the token of a call comes from. */

import { parsed } from "./answers.js";
import { ParvandehError, Unreachable } from "./problems.js";

/** A fixed token, or what returns the current one. */
export type Token = string | (() => string | Promise<string>) | ClientCredentials;

/** The provider issued no token. */
export class TokenRefused extends ParvandehError {}

/** How to ask the provider. `fetch` is one of your own, for proxies or certificates. */
export interface CredentialsOptions {
  scope?: string;
  audience?: string;
  fetch?: typeof fetch;
}

export const TIMEOUT = 45_000; // milliseconds; the server answers within 10 s, but `externalWork.take` can wait for 30
const EARLY = 30; // seconds before its end at which a token is replaced

/**
 * Tokens that an OpenID provider issues to a program (OAuth 2.0, client credentials).
 *
 * A token is used until shortly before it expires, or until the API no longer accepts it. `tokenUrl` is
 * `token_endpoint` in the provider's discovery document.
 */
export class ClientCredentials {
  readonly #url: string;
  readonly #fetch: typeof fetch;
  readonly #request: () => RequestInit;
  #pending: Promise<string> | undefined; // calls at the same time wait for one request
  #token: string | undefined;
  #until = 0;

  constructor(tokenUrl: string, clientId: string, clientSecret: string, options: CredentialsOptions = {}) {
    this.#url = tokenUrl;
    this.#fetch = options.fetch ?? fetch;
    const { scope, audience } = options;
    const fields = Object.entries({ grant_type: "client_credentials", scope, audience });
    const given = fields.filter((field): field is [string, string] => field[1] !== undefined);
    const secret = btoa(`${encodeURIComponent(clientId)}:${encodeURIComponent(clientSecret)}`);
    this.#request = () => ({
      method: "POST",
      headers: { Authorization: `Basic ${secret}` },
      body: new URLSearchParams(given),
      redirect: "manual", // another address gets no secret
      signal: AbortSignal.timeout(TIMEOUT),
    });
  }

  /** Return a valid token. Throws TokenRefused or Unreachable. */
  async current(): Promise<string> {
    if (this.#token !== undefined && performance.now() < this.#until) return this.#token;
    this.#pending ??= this.#issued().finally(() => (this.#pending = undefined));
    return this.#pending;
  }

  /** Use this token no longer: the API did not accept it. */
  expire(token: string): void {
    if (token === this.#token) this.#token = undefined;
  }

  async #issued(): Promise<string> {
    const send = this.#fetch;
    let response: Response;
    let text: string;
    try {
      response = await send(this.#url, this.#request());
      text = await response.text();
    } catch (failure) {
      throw new Unreachable(`The token endpoint ${this.#url} can't be reached.`, { cause: failure });
    }
    const { access_token: token, expires_in: told } = (parsed(text) ?? {}) as Record<string, unknown>;
    if (typeof token !== "string" || !response.ok) {
      throw new TokenRefused(`The token endpoint ${this.#url} answered ${response.status} without a token.`);
    }
    const lasts = Number(told) || 60;
    this.#until = performance.now() + 1000 * Math.max(lasts - EARLY, lasts / 2);
    this.#token = token;
    return token;
  }
}
