// All times are the Worker's. The page's clock may be another, so the messages tell how far it is ahead: the one that
// travelled fastest says it best.
let ahead = Number.POSITIVE_INFINITY;

export function seen(at) {
  ahead = Math.min(ahead, Date.now() - at);
}

export function now() {
  return Date.now() - (ahead === Number.POSITIVE_INFINITY ? 0 : ahead);
}

export function seconds(ms) {
  return `${(Math.max(ms, 0) / 1000).toFixed(1)} s`;
}
