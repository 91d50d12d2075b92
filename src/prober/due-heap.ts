/**
 * Jobs by when they are due, the next one on top: a binary heap that knows where each job is, so that one that is not to be
 * done any more is taken out without a search. A job is in it once, so what is late does not pile up.
 *
 * @module
 */
export interface Due {
  /** Not to be changed while it is in the heap. */
  dueMs: number;
  /** Its place in the heap; −1 when it is in none. The heap's own. */
  heapIndex: number;
}

export class DueHeap<Job extends Due> {
  readonly #jobs: Job[] = [];

  get size(): number {
    return this.#jobs.length;
  }

  get next(): Job | undefined {
    return this.#jobs[0];
  }

  /** A job that is in no heap. */
  add(job: Job): void {
    this.#jobs.push(job);
    this.#rise(job, this.#jobs.length - 1);
  }

  /** Does nothing for a job that is not in it. */
  remove(job: Job): void {
    const index = job.heapIndex;
    if (index < 0) return;
    job.heapIndex = -1;
    const last = this.#jobs.pop()!;
    if (last === job) return;
    this.#sink(last, index);
    this.#rise(last, last.heapIndex);
  }

  #rise(job: Job, from: number): void {
    let index = from;
    while (index > 0) {
      const above = (index - 1) >> 1;
      const other = this.#jobs[above]!;
      if (other.dueMs <= job.dueMs) break;
      this.#place(other, index);
      index = above;
    }
    this.#place(job, index);
  }

  #sink(job: Job, from: number): void {
    const { length } = this.#jobs;
    let index = from;
    for (;;) {
      let below = 2 * index + 1;
      if (below >= length) break;
      if (below + 1 < length && this.#jobs[below + 1]!.dueMs < this.#jobs[below]!.dueMs) below++;
      const other = this.#jobs[below]!;
      if (other.dueMs >= job.dueMs) break;
      this.#place(other, index);
      index = below;
    }
    this.#place(job, index);
  }

  #place(job: Job, index: number): void {
    this.#jobs[index] = job;
    job.heapIndex = index;
  }
}
