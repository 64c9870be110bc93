/** Where the token of a call comes from. */

import { ParvandehError, Unreachable } from "./problems.js";

/** A fixed token, or what returns the current one. */
export type Token = string | (() => string | Promise<string>) | ClientCredentials;

/** The provider issued no token. */
export class TokenRefused extends ParvandehError {}

const EARLY = 30; // seconds before its end at which a token is replaced

/**
 * Tokens that an OpenID provider issues to a program (OAuth 2.0, client credentials).
 *
 * A token is used until shortly before it expires, or until the API no longer accepts it. `tokenUrl` is
 * `token_endpoint` in the provider's discovery document.
 */
export class ClientCredentials {
  readonly #url: string;
  readonly #request: () => RequestInit;
  #token: Promise<string> | undefined;
  #until = 0;

  constructor(
    tokenUrl: string,
    clientId: string,
    clientSecret: string,
    more: { scope?: string; audience?: string } = {},
  ) {
    this.#url = tokenUrl;
    const secret = btoa(`${encodeURIComponent(clientId)}:${encodeURIComponent(clientSecret)}`);
    this.#request = () => ({
      method: "POST",
      headers: { Authorization: `Basic ${secret}` },
      body: new URLSearchParams({ grant_type: "client_credentials", ...more }),
    });
  }

  /** Return a valid token. Throws TokenRefused or Unreachable. */
  current(): Promise<string> {
    if (!this.#token || performance.now() >= this.#until) {
      this.#until = Infinity; // calls at the same time wait for one request
      this.#token = this.#issued();
      this.#token.catch(() => (this.#token = undefined));
    }
    return this.#token;
  }

  /** Use the present token no longer: the API did not accept it. */
  expire(): void {
    this.#token = undefined;
  }

  async #issued(): Promise<string> {
    let response: Response;
    try {
      response = await fetch(this.#url, this.#request());
    } catch (failure) {
      throw new Unreachable(`The token endpoint ${this.#url} can't be reached.`, { cause: failure });
    }
    const answer: unknown = await response.json().catch(() => null);
    const { access_token: token, expires_in: lasts = 60 } = (answer ?? {}) as Record<string, unknown>;
    if (typeof token !== "string" || !response.ok) {
      throw new TokenRefused(`The token endpoint ${this.#url} answered ${response.status} without a token.`);
    }
    this.#until = performance.now() + 1000 * Math.max(Number(lasts) - EARLY, Number(lasts) / 2);
    return token;
  }
}
