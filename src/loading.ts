/** What is being loaded, for a clock that stands still: real time passes while it is. */
export const loading: Set<Promise<unknown>> = new Set();
