/**
 * What can happen next, and the fake clock: things that are ready are chosen at random, things that
 * are due later become ready when the clock gets there.
 *
 * @module
 */
import type { Random } from "./random.ts";

/** Something that can happen again and again, such as "this connection receives". Scheduled at most once at a time. */
export class Task {
  /** For the trace. */
  readonly name: string;
  /** Does it. */
  readonly run: () => void;
  /** Told what `run` threw. */
  readonly onThrown: (error: unknown) => void;
  /** @internal Its place among those that are ready, or -1. */
  readyIndex = -1;
  /** @internal Its place among those that are due later. */
  appointment: Appointment | null = null;

  /** A task that is not scheduled. What it throws is thrown on, unless `onThrown` does better. */
  constructor(name: string, run: () => void, onThrown: (error: unknown) => void = rethrow) {
    this.name = name;
    this.run = run;
    this.onThrown = onThrown;
  }
}

function rethrow(error: unknown): never {
  throw error;
}

interface Appointment {
  readonly task: Task;
  readonly dueMs: number;
  /** Tasks that are due at the same moment become ready in the order in which they were scheduled. */
  readonly order: number;
}

/** All that can happen on a network. */
export class Scheduler {
  readonly #random: Random;
  readonly #ready: Task[] = [];
  /** A binary heap; an appointment that its task has left behind is skipped. */
  readonly #later: Appointment[] = [];
  #order = 0;
  #nowMs: number;

  /** Nothing to do at a moment. */
  constructor(random: Random, nowMs: number) {
    this.#random = random;
    this.#nowMs = nowMs;
  }

  /** The fake clock, in milliseconds. */
  get nowMs(): number {
    return this.#nowMs;
  }

  /** How many tasks are ready. */
  get readyCount(): number {
    return this.#ready.length;
  }

  /** Let a task happen as soon as it is chosen. */
  ready(task: Task): void {
    if (task.readyIndex >= 0) return;
    task.appointment = null;
    task.readyIndex = this.#ready.length;
    this.#ready.push(task);
  }

  /** Let a task happen in `delayMs`, and not when it was scheduled before. Without an end, it never does. */
  after(task: Task, delayMs: number): void {
    if (delayMs <= 0) {
      this.ready(task);
      return;
    }
    this.cancel(task);
    if (delayMs === Number.POSITIVE_INFINITY) return;
    task.appointment = { task, dueMs: this.#nowMs + delayMs, order: this.#order++ };
    this.#later.push(task.appointment);
    this.#siftUp(this.#later.length - 1);
  }

  /** Let a task not happen. */
  cancel(task: Task): void {
    task.appointment = null;
    if (task.readyIndex >= 0) this.#removeReady(task.readyIndex);
  }

  /** Take a random one of the tasks that are ready. */
  take(): Task | null {
    if (this.#ready.length === 0) return null;
    return this.#removeReady(this.#random.below(this.#ready.length));
  }

  /** The moment at which the next task becomes ready by the clock alone, or `null`. */
  nextDueMs(): number | null {
    for (let first = this.#later[0]; first !== undefined; first = this.#later[0]) {
      if (first.task.appointment === first) return first.dueMs;
      this.#removeFirst();
    }
    return null;
  }

  /** Set the clock forward. */
  advanceTo(nowMs: number): void {
    if (nowMs < this.#nowMs) throw new RangeError(`Cannot set the clock from ${this.#nowMs} back to ${nowMs}`);
    this.#nowMs = nowMs;
    for (let dueMs = this.nextDueMs(); dueMs !== null && dueMs <= nowMs; dueMs = this.nextDueMs()) {
      const { task } = this.#later[0] as Appointment;
      this.#removeFirst();
      this.ready(task);
    }
  }

  #removeReady(index: number): Task {
    const task = this.#ready[index] as Task;
    const last = this.#ready.pop() as Task;
    if (last !== task) {
      this.#ready[index] = last;
      last.readyIndex = index;
    }
    task.readyIndex = -1;
    return task;
  }

  #removeFirst(): void {
    const last = this.#later.pop();
    if (last === undefined || this.#later.length === 0) return;
    this.#later[0] = last;
    this.#siftDown();
  }

  #siftUp(start: number): void {
    for (let index = start; index > 0; ) {
      const parent = (index - 1) >> 1;
      if (!this.#isBefore(index, parent)) return;
      this.#swap(index, parent);
      index = parent;
    }
  }

  #siftDown(): void {
    for (let index = 0; ; ) {
      const left = 2 * index + 1;
      if (left >= this.#later.length) return;
      const right = left + 1;
      const child = right < this.#later.length && this.#isBefore(right, left) ? right : left;
      if (!this.#isBefore(child, index)) return;
      this.#swap(index, child);
      index = child;
    }
  }

  #isBefore(index: number, other: number): boolean {
    const a = this.#later[index] as Appointment;
    const b = this.#later[other] as Appointment;
    return a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.order < b.order);
  }

  #swap(index: number, other: number): void {
    const moved = this.#later[index] as Appointment;
    this.#later[index] = this.#later[other] as Appointment;
    this.#later[other] = moved;
  }
}
