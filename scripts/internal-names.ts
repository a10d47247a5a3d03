/**
 * Properties that only this package's own code meets: the build gives them short names, the same ones in every entry of
 * a format. A name that a caller, a transport or the platform knows must never be among them; a test sees to that.
 */
export const INTERNAL: readonly string[] = (
  "abandon alive background check cleanUps closing conclude confirmed core deadline delay ended force hint holds " +
  "label lease left life lock lose lossError maxHoldAt mono outcome over overdue parts passing prolong recordKey refresh " +
  "handed handsOver refused renewal resume scan scope spoilt stood stopped store tail tell until usable used waiters waits wall " +
  "wire woken inTurn pause more places listening answers polled enter leave stand back"
).split(" ");
