/** Client of Parvandeh, a case engine for public services: typed calls, and what every caller needs around them. */

export { type Content, etagOf, type Tag } from "./answers.js";
export { type Acting, Client, type ClientOptions } from "./client.js";
export type * as models from "./generated/models.js";
export {
  Conflict,
  type FieldFault,
  Forbidden,
  Invalid,
  NotFound,
  ParvandehError,
  Problem,
  Stale,
  Unauthorized,
  Unavailable,
  Unreachable,
} from "./problems.js";
export { ClientCredentials, type Token, TokenRefused } from "./tokens.js";
export { type Event, Rejected, Webhook } from "./webhooks.js";
