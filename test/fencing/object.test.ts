import { Miniflare } from "miniflare";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Bucket, writeFenced } from "../../examples/fencing/fenced-object.ts";
import { holders } from "./holders.ts";

/** R2 as Cloudflare's own tool runs it on this machine. */
const cloud = new Miniflare({ modules: true, script: "export default {}", r2Buckets: ["BUCKET"], cf: false });

/** What is used of it beyond the recipe: Miniflare's own type needs Cloudflare's package of types. */
interface WholeBucket extends Omit<Bucket, "put"> {
  put(key: string, value: string, options?: object): Promise<unknown>;
  get(key: string): Promise<{ text(): Promise<string> } | null>;
  delete(key: string): Promise<void>;
}

let bucket: WholeBucket;
beforeAll(async () => {
  bucket = (await cloud.getR2Bucket("BUCKET")) as unknown as WholeBucket;
});
afterAll(() => cloud.dispose());

const stored = async (key: string) => (await bucket.get(key))?.text();

/** The same bucket, seen by a holder that is paused between reading the fence and writing. */
function paused(meanwhile: () => Promise<unknown>): Bucket {
  let first = true;
  return {
    async head(key) {
      const found = await bucket.head(key);
      if (first) await meanwhile();
      first = false;
      return found;
    },
    put: (...args) => bucket.put(...args),
  };
}

test("without the check a stale holder's write gets through", async () => {
  const { current, stale } = await holders();
  await bucket.put("unchecked", "later", { customMetadata: { fence: String(current.fence) } });
  await bucket.put("unchecked", "late", { customMetadata: { fence: String(stale.fence) } });
  expect(await stored("unchecked")).toBe("late");
});

test("a stale holder's write is refused; the current one's are not", async () => {
  const { current, stale } = await holders();
  expect(await writeFenced(bucket, "a", "early", stale.fence)).toBe(true);
  expect(await writeFenced(bucket, "a", "later", current.fence)).toBe(true);
  expect(await writeFenced(bucket, "a", "late", stale.fence)).toBe(false);
  expect(await writeFenced(bucket, "a", "again", current.fence)).toBe(true);
  expect(await stored("a")).toBe("again");
});

test.each(["new", "old"])(
  "nor does it get through when it was paused between reading and writing: %s object",
  async (age) => {
    const { current, stale } = await holders();
    if (age === "old") await writeFenced(bucket, `b-${age}`, "early", stale.fence);
    const late = paused(() => writeFenced(bucket, `b-${age}`, "later", current.fence));
    expect(await writeFenced(late, `b-${age}`, "late", stale.fence)).toBe(false);
    expect(await stored(`b-${age}`)).toBe("later");
  },
);

test("an object that is deleted takes its fence with it", async () => {
  const { current, stale } = await holders();
  await writeFenced(bucket, "d", "later", current.fence);
  expect(await writeFenced(bucket, "d", "late", stale.fence)).toBe(false);
  await bucket.delete("d");
  expect(await writeFenced(bucket, "d", "late", stale.fence)).toBe(true);
});

test("a fence that is compared before, and not by the write itself, lets the paused holder through", async () => {
  const { current, stale } = await holders();
  await writeFenced(bucket, "c", "early", stale.fence);
  const late = paused(() => writeFenced(bucket, "c", "later", current.fence));
  const found = await late.head("c");
  if (Number(found?.customMetadata?.fence) <= stale.fence) await bucket.put("c", "late");
  expect(await stored("c")).toBe("late");
});
