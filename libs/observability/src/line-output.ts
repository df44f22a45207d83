import { write, writeSync } from 'node:fs';

/** How many bytes wait for a reader that is slow before lines are dropped. */
const maxWaitingBytes = 16 * 1024 * 1024;
/** How long the end of the process waits for such a reader, in milliseconds, and how often it looks again. */
const partingMs = 1_000;
const pauseMs = 20;

/**
 * Writes log lines to a file descriptor without ever holding the process up: a slow reader makes lines wait, then drop;
 * one that went away, or a full disk, makes them vanish. pino's own output retries such a write for ever in its
 * `flushSync`, which pino calls after a fatal line and at exit: the process would neither serve nor stop any more.
 */
export class LineOutput {
  readonly #descriptor: number;
  #waiting: Buffer[] = [];
  #bytes = 0;
  #writing = false;

  /** @param descriptor an open file descriptor, 1 for standard output */
  constructor(descriptor: number) {
    this.#descriptor = descriptor;
  }

  /** Takes one line, with its line feed. Never throws. */
  write(line: string): void {
    const bytes = Buffer.from(line);
    if (this.#bytes + bytes.length > maxWaitingBytes) return;
    this.#waiting.push(bytes);
    this.#bytes += bytes.length;
    if (!this.#writing) this.#writeNext();
  }

  /** Writes what waits before it returns, or gives up after a second. pino calls this after a fatal line. */
  flushSync(): void {
    const deadline = Date.now() + partingMs;
    for (let rest = this.#take(); rest.length > 0;) {
      try {
        rest = rest.subarray(writeSync(this.#descriptor, rest));
      } catch (error) {
        if (!isBusy(error) || Date.now() > deadline) return;
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, pauseMs);
      }
    }
  }

  #take(): Buffer {
    const all = Buffer.concat(this.#waiting);
    this.#waiting = [];
    this.#bytes = 0;
    return all;
  }

  #writeNext(rest = this.#take()): void {
    this.#writing = rest.length > 0;
    if (!this.#writing) return;
    write(this.#descriptor, rest, (error, written) => {
      if (isBusy(error)) setTimeout(() => this.#writeNext(rest), pauseMs).unref();
      // What cannot be written is dropped; the next line tries again.
      else this.#writeNext(error || written === rest.length ? undefined : rest.subarray(written));
    });
  }
}

const isBusy = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && (error.code === 'EAGAIN' || error.code === 'EBUSY');
