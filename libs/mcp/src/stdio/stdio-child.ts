import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import type { StdioCommand } from '#config';
import type { ErrorCode } from '#kernel';
import { childEnvironment } from './child-environment.js';
import { killTree, signalGroup } from './kill-tree.js';
import { LineSplitter } from './line-splitter.js';

/** Bounds of one child. */
export interface ChildLimits {
  /** Bytes of one line, and of what may wait to be read by the child. */
  readonly maxBytes: number;
  readonly killGraceMs: number;
  /** Bytes kept of the end of stderr. */
  readonly stderrBytes: number;
}

/** Why there are no more answers. */
export type ChildEndCode = Extract<ErrorCode, 'UPSTREAM_PROCESS_EXITED' | 'UPSTREAM_TOO_LARGE'>;

/** Hears what a child says and how it ended. */
export interface ChildListener {
  /** One line of stdout; a promise holds the child up. */
  onLine(line: Buffer): void | Promise<void>;
  /** The child has ended, or could not be started; `why` is for people. Called once. */
  onEnd(why: string, code: ChildEndCode): void;
}

const LAST_WORDS_MS = 250;

/** A child process that speaks in lines: no shell, an environment of its own, a process group of its own. */
export class StdioChild {
  private readonly process: ChildProcessWithoutNullStreams;
  private readonly splitter: LineSplitter;
  private readonly lines: Buffer[] = [];
  private isBusy = false;
  private isGathering = false;
  private tail: Buffer = Buffer.alloc(0);
  private killing: Promise<void> | null = null;
  private listener: ChildListener | null = null;
  private ending: readonly [string, ChildEndCode] | null = null;

  constructor(
    command: StdioCommand,
    private readonly limits: ChildLimits,
    /** Hears that the process and its tree are gone, with the end of its stderr. */
    private readonly onGone: (stderr: string) => void,
  ) {
    this.splitter = new LineSplitter(limits.maxBytes);
    this.process = spawn(command.command, [...command.args], {
      cwd: command.cwd ?? undefined,
      env: childEnvironment(command.env),
      shell: false,
      // A group of its own, so that what it starts can be ended with it.
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.process.once('error', (error) => this.over(`could not be started (${codeOf(error)})`));
    this.process.once('exit', (code, signal) => this.exited(`ended (${signal ?? `exit code ${code ?? '?'}`})`));
    // A child that is gone says so by `exit`.
    this.process.stdin.on('error', () => undefined);
    this.process.stdout.on('error', () => undefined);
    this.process.stderr.on('error', () => undefined);
    this.process.stdout.on('data', (chunk: Buffer) => this.read(chunk));
    this.process.stderr.on('data', (chunk: Buffer) => this.keepStderr(chunk));
  }

  get pid(): number | null {
    return this.process.pid ?? null;
  }

  /** Says who listens; what ended before is told at once. */
  listen(listener: ChildListener): void {
    this.listener = listener;
    if (this.ending) listener.onEnd(...this.ending);
  }

  /** Writes one line. @returns false when the child is gone, or has not read what it was sent before */
  write(line: Buffer | string): boolean {
    if (this.ending !== null || this.killing !== null || this.isBehind()) return false;
    this.gather();
    if (typeof line === 'string') this.process.stdin.write(`${line}\n`);
    else {
      this.process.stdin.write(line);
      this.process.stdin.write('\n');
    }
    return true;
  }

  /** The child has not read what it was sent; lines that have only been gathered so far are not its fault. */
  private isBehind(): boolean {
    const { stdin } = this.process;
    if (stdin.writableLength <= this.limits.maxBytes) return false;
    stdin.uncork();
    return stdin.writableLength > this.limits.maxBytes;
  }

  /** Lines of one turn of the event loop share a system call, and wake the child once. */
  private gather(): void {
    if (this.isGathering) return;
    this.isGathering = true;
    this.process.stdin.cork();
    setImmediate(() => {
      this.isGathering = false;
      this.process.stdin.uncork();
    });
  }

  /** Ends the child and everything that it started. Never fails. */
  kill(): Promise<void> {
    this.killing ??= this.end();
    return this.killing;
  }

  /** For the very end of this process, where nothing can be waited for. */
  killNow(): void {
    if (this.pid !== null) signalGroup(this.pid, 'SIGKILL');
  }

  private async end(): Promise<void> {
    this.process.stdin.end();
    if (this.pid !== null) await killTree(this.pid, this.limits.killGraceMs);
    this.process.stdout.destroy();
    this.process.stderr.destroy();
    this.onGone(this.tail.toString('utf8'));
  }

  /** The last answers may still be in the pipe; a grandchild that holds it open must not hold up the news. */
  private exited(how: string): void {
    const { stdout } = this.process;
    const timer = setTimeout(() => this.over(how), LAST_WORDS_MS);
    const atEnd = () => {
      clearTimeout(timer);
      this.over(how);
    };
    if (stdout.readableEnded || stdout.destroyed) atEnd();
    else stdout.once('close', atEnd);
  }

  private over(how: string, code: ChildEndCode = 'UPSTREAM_PROCESS_EXITED'): void {
    if (this.ending) return;
    this.ending = [how, code];
    // What it started does not outlive it.
    void this.kill();
    this.listener?.onEnd(how, code);
  }

  private read(chunk: Buffer): void {
    const lines = this.splitter.push(chunk);
    if (lines === null) {
      this.over(
        `wrote a line of more than ${this.limits.maxBytes} bytes (GATEHOUSE_OUTBOUND_MAX_RESPONSE)`,
        'UPSTREAM_TOO_LARGE',
      );
      return;
    }
    this.lines.push(...lines);
    this.drain();
  }

  private drain(): void {
    while (!this.isBusy && this.ending === null) {
      const line = this.lines.shift();
      if (line === undefined) break;
      const taken = this.take(line);
      if (!taken) continue;
      this.isBusy = true;
      this.process.stdout.pause();
      const goOn = (): void => {
        this.isBusy = false;
        this.drain();
        if (!this.isBusy) this.process.stdout.resume();
      };
      void taken.then(goOn, goOn);
    }
  }

  /** Nobody stands behind an event of a pipe: what is thrown here would end this whole program, not this child. */
  private take(line: Buffer): void | Promise<void> {
    try {
      return this.listener?.onLine(line);
    } catch {
      this.over('wrote a message that cannot be dealt with');
    }
  }

  private keepStderr(chunk: Buffer): void {
    const { stderrBytes } = this.limits;
    const joined = chunk.length >= stderrBytes ? chunk : Buffer.concat([this.tail, chunk]);
    // A copy: a slice would keep the whole chunk alive.
    this.tail = Buffer.from(joined.subarray(Math.max(0, joined.length - stderrBytes)));
  }
}

const codeOf = (error: Error): string => ('code' in error ? String(error.code) : error.name);
