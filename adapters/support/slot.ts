/** CRC16 (XMODEM), as Redis Cluster uses it. */
export function crc16(bytes: Uint8Array): number {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1) & 0xffff;
  }
  return crc;
}

/** The hash slot of a key by the rules of Redis Cluster: the part between the first `{` and the next `}`, if any. */
export function slotOf(key: string): number {
  const open = key.indexOf("{");
  const close = open < 0 ? -1 : key.indexOf("}", open);
  const hashed = close > open + 1 ? key.slice(open + 1, close) : key;
  return crc16(new TextEncoder().encode(hashed)) & 16383;
}

/**
 * A key that a client routes to the same slot. Keys without braces route by themselves; node-redis 4 and 5 mistake the
 * slot of some that have them (`{}x}`), so those are routed by a plain number of the same slot.
 */
export function routingKey(key: string): string {
  if (!key.includes("{")) return key;
  const slot = slotOf(key);
  for (let n = 0; ; n++) if (slotOf(String(n)) === slot) return String(n);
}
