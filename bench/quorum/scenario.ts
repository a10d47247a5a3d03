/** Where the servers are. */
export interface Scenario {
  title: string;
  servers: number;
  /**
   * Milliseconds for the way to each server and back, or nothing at all: straight to the server. Timers make it longer,
   * by 1 or 2, so titles say what was measured. The last of the servers, the furthest, is the one that hangs.
   */
  roundTrips: number[] | undefined;
  /** Of a full run. */
  rounds: number;
}

export const SCENARIOS: readonly Scenario[] = [
  { title: "3 servers, loopback", servers: 3, roundTrips: undefined, rounds: 1000 },
  { title: "5 servers, loopback", servers: 5, roundTrips: undefined, rounds: 1000 },
  { title: "3 servers, about 3 ms away", servers: 3, roundTrips: [2, 2, 2], rounds: 200 },
  { title: "3 servers, about 3, 7 and 21 ms away", servers: 3, roundTrips: [2, 5, 20], rounds: 120 },
  { title: "5 servers, about 3, 3, 7, 11 and 21 ms away", servers: 5, roundTrips: [2, 2, 5, 10, 20], rounds: 120 },
];
