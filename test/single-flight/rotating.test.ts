import { expect, test } from "vitest";
import { memory } from "../../adapters/memory.ts";
import { singleFlight } from "../../src/single-flight.ts";
import { type VirtualClock, virtualClock } from "../support/virtual-clock.ts";
import { fleet, sleep } from "./support.ts";

/** As strict as RFC 9700, section 4.14.2 recommends: a refresh token that comes twice revokes them all. */
function provider(clock: VirtualClock) {
  const used = new Set<string>();
  return {
    refreshes: 0,
    revoked: false,
    async refresh(token: string) {
      await sleep(clock, 300);
      if (used.has(token)) this.revoked = true;
      if (this.revoked) throw new Error("invalid_grant");
      used.add(token);
      const nth = ++this.refreshes;
      await sleep(clock, 300);
      return { access_token: `access ${nth}`, refresh_token: `refresh ${nth}`, expires_in: 3600 };
    },
  };
}

test("a rotating token is refreshed once in the fleet each time it expires, and everybody has the same", async () => {
  const clock = virtualClock(1);
  const store = memory({ clock });
  const instances = fleet(6, store, clock);
  const source = provider(clock);
  /** What the application keeps, as its database does. */
  let stored = "refresh 0";

  const callers = (share: boolean) =>
    instances.flatMap((locks) =>
      Array.from({ length: 4 }, () =>
        singleFlight(locks, "token:shop-7", { share, keep: ({ expires_in }) => (expires_in - 60) * 1000 }, async () => {
          const { refresh_token, ...token } = await source.refresh(stored);
          stored = refresh_token;
          return token;
        }),
      ),
    );

  for (const [index, share] of [false, true, false].entries()) {
    const tokens = await clock.runUntilSettled(Promise.all(callers(share)));
    expect(tokens).toEqual(Array(24).fill({ access_token: `access ${index + 1}`, expires_in: 3600 }));
    await clock.advance(3_539_000);
    expect(await clock.runUntilSettled(Promise.all(callers(share)))).toEqual(tokens);
    expect([source.refreshes, source.revoked]).toEqual([index + 1, false]);
    await clock.advance(2000);
  }
});
