/**
 * Properties that only this package's own code meets: the build gives them short names, the same ones in every entry of
 * a format. A name that a caller, a transport or the platform knows must never be among them; a test sees to that.
 */
export const INTERNAL: readonly string[] = (
  "abandon alive answers back background check cleanUps closing conclude confirmed core deadline delay due ended enter force hint holds " +
  "label lease left life listening lock lose lossError maxHoldAt mono outcome over overdue parts passing places polled prolong recordKey refresh " +
  "handed handsOver refused renewal resume scan scope spoilt stand stood stopped store tail tell until usable used waiters waits wall " +
  "wire woken"
).split(" ");
