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

/**
 * Return the entity tag that came with an object; undefined only for null and undefined.
 *
 * Throws TypeError for an object without a tag (a copy, an item of a list): a change without a condition would
 * overwrite what others have done.
 */
export function etagOf(document: Tag): string | undefined {
  if (document === null || document === undefined) return undefined;
  const tag = typeof document === "object" ? etags.get(document) : document;
  if (!tag) throw new TypeError("It has no entity tag: read the object again, and pass it as it was returned.");
  return tag;
}

/** Return the value of a JSON text; undefined if it is none. An error would quote the text, which may be personal. */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Remember the entity tag of an object that was read. */
export function tagged(document: unknown, etag: string | null): void {
  if (etag && typeof document === "object" && document) etags.set(document, etag);
}
