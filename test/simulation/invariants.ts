/** What a simulated world must show. */
export interface Invariant {
  number: number;
  text: string;
  /** Whether it holds even when what the guarantees assume is broken. */
  always: boolean;
}

export const INVARIANTS: readonly Invariant[] = [
  { number: 1, always: false, text: "the intervals in which holders believe that they hold are disjoint" },
  { number: 2, always: false, text: "the signal fires before the ttl lets anyone else in" },
  { number: 3, always: true, text: "later fences are larger, unique, the same on replay" },
  { number: 4, always: true, text: "a resource that checks fences accepts no stale write, loses no update" },
  { number: 5, always: true, text: "no token changes another's key; nothing but release shortens a life" },
  { number: 6, always: true, text: "a lost lease never comes back" },
  { number: 7, always: true, text: "no repeated or late request admits a second holder" },
  { number: 8, always: true, text: "every waiter is served or times out, none sleeps beside a free lock" },
  { number: 9, always: true, text: "in the end nothing is left but fences with a ttl" },
  { number: 10, always: true, text: "every call ends as granted, refused or unknown" },
  { number: 11, always: true, text: "no call outlasts its limits, no wait its request budget" },
  { number: 12, always: true, text: "in line: first come, first served among the living" },
  {
    number: 13,
    always: false,
    text: "no wake-up is lost: who is handed the lock learns of it, none is idle beside a free one",
  },
  { number: 14, always: false, text: "one in line that dies delays the others for a bounded time" },
  { number: 15, always: false, text: "a busy process lets one who waits elsewhere have its turn" },
];

export interface Violation {
  invariant: number;
  at: number;
  text: string;
}
