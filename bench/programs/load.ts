// The client of the benchmark: a closed loop over keep-alive connections. Takes jobs as messages, one after the other.
import { setTimeout as delay } from 'node:timers/promises';
import { build, type Histogram } from 'hdr-histogram-js';
import { conversationOf, Requests } from '../load/conversations.js';
import { HttpConnection } from '../load/http-connection.js';
import type { LoadJob, LoadMessage, LoadResult } from '../load/load-job.js';
import { SseConnection } from '../load/sse-connection.js';
import { endWithParent } from './program.js';

const tell = (message: LoadMessage): unknown => process.send?.(message);
const newHistogram = (): Histogram =>
  build({ lowestDiscernibleValue: 1, highestTrackableValue: 120_000_000, numberOfSignificantValueDigits: 3 });

/** The counters of one window; swapped when the measured part begins. */
interface Window {
  readonly histogram: Histogram;
  requests: number;
  errors: number;
  firstError: string | null;
}

const newWindow = (): Window => ({ histogram: newHistogram(), requests: 0, errors: 0, firstError: null });

/** How long a program may take to begin or to end all sessions of a run. */
const patienceMs = 30_000;

async function run(job: LoadJob): Promise<void> {
  let window = newWindow();
  const state = { stopping: false, working: 0 };
  const requests = new Requests(job);
  const port = Number(new URL(job.url).port);
  const talk = async (): Promise<void> => {
    const connection = job.sse === true ? new SseConnection(job.url) : new HttpConnection(port);
    const conversation = conversationOf(job, requests);
    let working = false;
    while (!state.stopping) {
      const { bytes, check, opening } = conversation.next();
      if (!working && opening === undefined) {
        working = true;
        state.working += 1;
      }
      const began = performance.now();
      let problem: string | null;
      try {
        problem = check(await connection.request(bytes));
      } catch (error) {
        problem = String(error);
      }
      if (state.stopping) break;
      window.requests += 1;
      window.histogram.recordValue(Math.max(1, Math.round((performance.now() - began) * 1000)));
      if (problem === null) continue;
      window.errors += 1;
      window.firstError ??= problem;
      // A server that refuses connections must not become a busy loop.
      await delay(5);
    }
    const ending = conversation.end();
    if (ending !== null) await connection.request(ending).catch(() => undefined);
    connection.close();
  };
  const talks = Promise.all(Array.from({ length: job.connections }, talk));
  await delay(job.warmupMs);
  // Beginning a session may take long (a process for each), and is not what is measured.
  for (const deadline = performance.now() + patienceMs; state.working < job.connections; await delay(10))
    if (performance.now() > deadline) break;
  tell({ type: 'measuring' });
  // Errors count from the first request on.
  window = { ...newWindow(), errors: window.errors, firstError: window.firstError };
  const began = performance.now();
  await delay(job.measureMs);
  tell({ type: 'measured' });
  const { histogram, requests: count, errors, firstError } = window;
  state.stopping = true;
  const result: LoadResult = {
    requests: count,
    errors,
    firstError,
    seconds: (performance.now() - began) / 1000,
    p50: histogram.getValueAtPercentile(50),
    p95: histogram.getValueAtPercentile(95),
    p99: histogram.getValueAtPercentile(99),
    max: histogram.maxValue,
  };
  // The end of sessions belongs to no measurement: the next one waits for it, though not for calls in flight.
  if (job.kind.startsWith('session-')) await Promise.race([talks, delay(patienceMs)]);
  tell({ type: 'done', result });
}

process.on('message', (job) => void run(job as LoadJob));
endWithParent();
tell({ type: 'ready', port: 0 });
