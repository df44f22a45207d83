import cluster, { type Worker } from 'node:cluster';
import { once } from 'node:events';
import { DomainError } from '#kernel';
import { countersOf, writeLogLine, type Logger, type MetricsSnapshot } from '#observability';
import type { Listening } from '../startup/listening.js';
import type { FromProcess, ProcessSettings, ToProcess } from './messages.js';
import { relayLines } from './relay-lines.js';
import { RestartDelay } from './restart-delay.js';

/** How long a process may take to tell its metrics; after that its last ones are taken. */
const metricsMs = 1000;

/** The place of one gateway process: whoever fills it ends and is replaced, the place stays. */
export class GatewaySlot {
  readonly #restartDelay = new RestartDelay();
  #worker: Worker | null = null;
  #startedAt = 0;
  #restartTimer: NodeJS.Timeout | undefined;
  #hasStarted = false;
  #stopping = false;
  #draining = false;
  #lastMetrics: MetricsSnapshot = [];
  #onMetrics: (() => void)[] = [];

  /** @param onEnded hears what a process that ended had counted */
  constructor(
    private readonly settings: ProcessSettings,
    private readonly logger: Logger,
    private readonly onEnded: (counters: MetricsSnapshot) => void,
  ) {}

  /**
   * Starts the first process of this place.
   * @returns where it listens
   * @throws DomainError what kept it from starting
   */
  async start(): Promise<Listening> {
    const ready = await this.#launch();
    this.#hasStarted = true;
    return ready;
  }

  /** `/readyz` of this process answers 503 from here on. */
  drain(): void {
    this.#draining = true;
    this.#send({ type: 'drain' });
  }

  /** Asks the process to end and waits for it; after `patienceMs` it is killed. */
  async stop(deadlineMs: number, patienceMs: number): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#restartTimer);
    const worker = this.#worker;
    if (worker === null) return;
    const ended = once(worker, 'exit');
    this.#send({ type: 'stop', deadlineMs });
    const timer = setTimeout(() => {
      this.logger.error({ process: this.#number }, 'A gateway process did not stop; killing it.');
      worker.process.kill('SIGKILL');
    }, patienceMs);
    await ended;
    clearTimeout(timer);
  }

  /** What the process had counted when it was last asked; nothing where there is none. */
  get metrics(): MetricsSnapshot {
    return this.#lastMetrics;
  }

  /** Asks the process for its metrics; one that does not answer keeps those that it told last. */
  async refreshMetrics(): Promise<void> {
    if (this.#worker === null) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, metricsMs);
      this.#onMetrics.push(() => {
        clearTimeout(timer);
        resolve();
      });
      this.#send({ type: 'metrics' });
    });
  }

  #send(message: ToProcess): void {
    // A process that has just ended is told nothing; its end is heard.
    if (this.#worker?.isConnected()) this.#worker.send(message, () => undefined);
  }

  #launch(): Promise<Listening> {
    const worker = cluster.fork();
    this.#worker = worker;
    this.#startedAt = performance.now();
    relayLines(worker.process.stdout, writeLogLine);
    this.#send({ type: 'start', settings: this.settings });
    return new Promise((resolve, reject) => {
      worker.on('message', (message: FromProcess) => {
        if (message.type === 'metrics') this.#tookMetrics(message.snapshot);
        else if (message.type === 'failed') reject(new DomainError(message.code, message.message, message));
        else {
          resolve(message.address);
          if (this.#draining) this.#send({ type: 'drain' });
        }
      });
      worker.on('error', (error) => this.logger.warn({ process: this.#number, err: error }, 'a channel broke'));
      worker.once('exit', (code, signal) => {
        reject(new DomainError('INTERNAL', `A gateway process ended with ${signal ?? code} before it was ready.`));
        this.#ended(code, signal);
      });
    });
  }

  #tookMetrics(snapshot: MetricsSnapshot): void {
    this.#lastMetrics = snapshot;
    for (const resolve of this.#onMetrics.splice(0)) resolve();
  }

  #ended(code: number | null, signal: string | null): void {
    this.#worker = null;
    const counters = countersOf(this.#lastMetrics);
    this.#tookMetrics([]);
    this.onEnded(counters);
    // A first start that fails is told to whoever starts the server; and a server that leaves needs nobody new.
    if (this.#stopping || this.#draining || !this.#hasStarted) return;
    const delayMs = this.#restartDelay.next(performance.now() - this.#startedAt);
    const fields = { process: this.#number, code, signal, delayMs };
    this.logger.error(fields, 'A gateway process ended; starting another one in its place.');
    this.#restartTimer = setTimeout(() => {
      this.#launch().then(
        () => this.logger.info({ process: this.#number }, 'A gateway process took the place of one that ended.'),
        (error: unknown) =>
          this.logger.error({ process: this.#number, err: error }, 'A gateway process did not start.'),
      );
    }, delayMs);
  }

  get #number(): number {
    return this.settings.processNumber;
  }
}
