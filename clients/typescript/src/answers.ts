/** What calls return and accept besides plain JSON: entity tags, files. */

/** A file that the server returned. */
export interface Content {
  data: Uint8Array<ArrayBuffer>;
  mediaType: string;
  etag: string | undefined;
}

/** What `ifMatch` accepts: an entity tag, or the object that was read and may not have changed since. */
export type Tag = string | object | null | undefined;

const etags = new WeakMap<object, string>();

/** Return the entity tag that came with an object, if it has one. */
export function etagOf(document: Tag): string | undefined {
  return typeof document === "object" && document ? etags.get(document) : (document ?? undefined);
}

/** Remember the entity tag of an object that was read. */
export function tagged(document: unknown, etag: string | null): void {
  if (etag && typeof document === "object" && document) etags.set(document, etag);
}
