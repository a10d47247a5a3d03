/** Something that will happen, unless it is cancelled. */
export interface Happening {
  at: number;
  order: number;
  run: (() => void) | undefined;
}

/** More than any world with one server needs; beyond it something spins. */
const MANY = 60_000;

/** The world's own time, in milliseconds, and everything that is still to happen, in its order. */
export class Timeline {
  now = 0;
  happened = 0;
  most: number = MANY;
  #order = 0;
  /** A binary heap: no parent comes after its children. */
  readonly #heap: Happening[] = [];

  after(ms: number, run: () => void): Happening {
    const happening = { at: this.now + Math.max(0, ms), order: this.#order++, run };
    const heap = this.#heap;
    let at = heap.push(happening) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (before(heap[parent] as Happening, happening)) break;
      heap[at] = heap[parent] as Happening;
      at = parent;
    }
    heap[at] = happening;
    return happening;
  }

  /** Goes on until nothing is left to happen, or `until` is reached. What one happening starts settles before the next. */
  async run(until: number): Promise<void> {
    await settled();
    for (;;) {
      const next = this.#heap[0];
      if (!next || next.at > until) break;
      this.#drop();
      if (!next.run) continue;
      if (this.happened++ > this.most) throw new Error(`more than ${this.most} happenings`);
      this.now = next.at;
      next.run();
      await settled();
    }
  }

  #drop(): void {
    const heap = this.#heap;
    const last = heap.pop() as Happening;
    if (heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1] as Happening, heap[child] as Happening)) child++;
      if (before(last, heap[child] as Happening)) break;
      heap[at] = heap[child] as Happening;
      at = child;
    }
    heap[at] = last;
  }
}

function before(one: Happening, other: Happening): boolean {
  return one.at < other.at || (one.at === other.at && one.order < other.order);
}

/** Node empties its queue of microtasks before the next macrotask. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
