// The client of the benchmark: a closed loop over keep-alive connections. Takes jobs as messages, one after the other.
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

async function run(job: LoadJob): Promise<LoadResult> {
  let window = newWindow();
  const state = { stopping: false };
  const requests = new Requests(job);
  const port = Number(new URL(job.url).port);
  const talk = async (): Promise<void> => {
    const connection = job.sse === true ? new SseConnection(job.url) : new HttpConnection(port);
    const next = conversationOf(job, requests);
    while (!state.stopping) {
      const { bytes, check } = next();
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
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    connection.close();
  };
  const talks = Promise.all(Array.from({ length: job.connections }, talk));
  await new Promise((resolve) => setTimeout(resolve, job.warmupMs));
  tell({ type: 'measuring' });
  // Errors count from the first request on.
  window = { ...newWindow(), errors: window.errors, firstError: window.firstError };
  const began = performance.now();
  await new Promise((resolve) => setTimeout(resolve, job.measureMs));
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
  tell({ type: 'done', result });
  await talks;
  return result;
}

process.on('message', (job) => void run(job as LoadJob));
endWithParent();
tell({ type: 'ready', port: 0 });
