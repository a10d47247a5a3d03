// Copy this file. It guards one object in a store with conditional writes: R2 as it is here; S3 and others have the same
// by `If-Match` and `If-None-Match: *`.

/** What is used of an R2 bucket, a Worker's binding say. */
export interface Bucket {
  head(key: string): Promise<{ etag: string; customMetadata?: Record<string, string> | undefined } | null>;
  put(
    key: string,
    value: string,
    options: {
      onlyIf: { etagMatches: string } | { etagDoesNotMatch: string };
      customMetadata: Record<string, string>;
    },
  ): Promise<unknown>;
}

/**
 * Writes the object unless somebody with a larger fence has. The store cannot compare fences, but it can compare
 * versions: so the fence is read with the version, and the write is for that version only. Whoever wrote in between
 * makes it fail, and then the fence is looked at again.
 *
 * @returns Whether it was written; false: this holder is stale.
 */
export async function writeFenced(bucket: Bucket, key: string, value: string, fence: number): Promise<boolean> {
  for (;;) {
    const found = await bucket.head(key);
    if (Number(found?.customMetadata?.fence ?? 0) > fence) return false;
    const onlyIf = found ? { etagMatches: found.etag } : { etagDoesNotMatch: "*" };
    const written = await bucket.put(key, value, { onlyIf, customMetadata: { fence: String(fence) } });
    if (written) return true;
  }
}
