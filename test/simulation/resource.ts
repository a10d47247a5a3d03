/** What the lock protects: a number that holders read, and write one larger. */
export class Resource {
  value = 0;
  /** Writes that were accepted although another came between their read and them. */
  lost = 0;
  /** Writes accepted from one who held a smaller fence than another seen before. */
  stale = 0;
  #fence = 0;
  readonly #guarded: boolean;

  /** @param guarded Whether it refuses fences smaller than one it has seen. */
  constructor(guarded: boolean) {
    this.#guarded = guarded;
  }

  /**
   * Whether the fence passes. A read shows it too: otherwise a former holder could write after a later one has read,
   * and the later one's write would undo that.
   */
  #passes(fence: number): boolean {
    if (fence < this.#fence && this.#guarded) return false;
    this.#fence = Math.max(this.#fence, fence);
    return true;
  }

  read(fence: number): number | undefined {
    return this.#passes(fence) ? this.value : undefined;
  }

  write(fence: number, value: number): boolean {
    if (fence < this.#fence && !this.#guarded) this.stale++;
    if (!this.#passes(fence)) return false;
    if (value !== this.value + 1) this.lost++;
    this.value = value;
    return true;
  }
}
