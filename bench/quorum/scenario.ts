/** Where the servers are. */
export interface Scenario {
  title: string;
  servers: number;
  /** Added to each server's round trip, milliseconds, or nothing at all: straight to the server. The last one hangs. */
  roundTrips: number[] | undefined;
  /** Of a full run. */
  rounds: number;
}

export const SCENARIOS: readonly Scenario[] = [
  { title: "3 servers, loopback", servers: 3, roundTrips: undefined, rounds: 2000 },
  { title: "5 servers, loopback", servers: 5, roundTrips: undefined, rounds: 2000 },
  { title: "3 servers, 1 ms away", servers: 3, roundTrips: [1, 1, 1], rounds: 400 },
  { title: "3 servers, 1, 5 and 20 ms away", servers: 3, roundTrips: [1, 5, 20], rounds: 120 },
  { title: "5 servers, 1, 2, 5, 10 and 20 ms away", servers: 5, roundTrips: [1, 2, 5, 10, 20], rounds: 120 },
];
