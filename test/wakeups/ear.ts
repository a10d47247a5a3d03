import { until } from "../support/redis-process.ts";

/** What was heard so far, and the end of a wait for more. */
export interface Ear {
  heard: string[];
  onMessage(message: string): void;
  hears(message: string): Promise<void>;
}

export function ear(): Ear {
  const heard: string[] = [];
  return {
    heard,
    onMessage: (message) => void heard.push(message),
    hears: (message) => until(async () => heard.includes(message), `${message} was not heard`),
  };
}
