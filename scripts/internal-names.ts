/**
 * Properties that only this package's own code meets: the build gives them short names, the same ones in every entry of
 * a format. A name that a caller, a transport or the platform knows must never be among them; a test sees to that.
 */
export const INTERNAL: readonly string[] = (
  "abandon alive answers back background busy check cleanUps closing conclude confirmed core deadline delay due " +
  "ended enter force handed handsOver hint holds inTurn label lease leave left life line listening lock lose " +
  "lossError maxHoldAt mono outcome over overdue parts passing pause places polled prolong recordKey refresh " +
  "refused renewal resume scan scope since spoilt stand stood stop stopped store tail tell until usable used " +
  "waiters waits wall who wire woken more"
).split(" ");
