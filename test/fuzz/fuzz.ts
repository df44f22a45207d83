import { performance } from 'node:perf_hooks';
import { until } from '#testing';
import type { FuzzWorld } from './fuzz-world.js';
import { harvestFrom, judge } from './judge.js';
import type { Harvest } from './messages.js';
import { Random } from './random.js';
import { nextRequest, type FuzzRequest } from './requests.js';
import { newAgent, send, sendRaw } from './send.js';

/** How much is sent. */
export interface FuzzOptions {
  readonly seed: number;
  readonly count: number;
  /** Only this request of the seed's sequence, counted from 0; what came before it is made, but not sent. */
  readonly only?: number | undefined;
  readonly log?: (line: string) => void;
}

/** What came of it. */
export interface FuzzReport {
  readonly sent: number;
  readonly ms: number;
  readonly statuses: Readonly<Record<string, number>>;
  /** At most 20, each with the seed, its number and the message. */
  readonly failures: readonly string[];
  /** Bytes that are still needed when nothing is under way any more: after the first half, and at the end. */
  readonly memory: readonly [half: number, end: number];
}

/**
 * Bytes that may be needed more at the end than after the first half: no leak of 2 KiB or more for each message. Caches
 * with bounds of their own fill up in long runs; 24 MiB are more than they all take.
 */
export const mayGrow = (count: number): number => Math.min((count / 2) * 2048, 24 * 1024 ** 2);

const maxFailures = 20;
const connections = 8;

const show = ({ body, headers, method, path, raw }: FuzzRequest): string =>
  `${raw ?? ''} ${method} ${path} ${JSON.stringify(headers).slice(0, 1500)}\n${JSON.stringify(body.toString('latin1').slice(0, 3000))}`;

/**
 * The memory once what the clients left behind is let go: no session is left, and it has not become less for a while. At
 * most 20 seconds: what is kept longer is part of the answer.
 */
async function settledMemory(world: FuzzWorld): Promise<number> {
  const quietMs = 2500;
  const noise = 64 * 1024;
  let least = Infinity;
  let since = 0;
  const settled = async (): Promise<boolean> => {
    const bytes = await world.memory();
    if (bytes < least - noise) since = performance.now();
    least = Math.min(least, bytes);
    return performance.now() - since > quietMs && (await world.sessions()) === 0;
  };
  await until('its memory has settled', settled, 20_000).catch(() => undefined);
  return least;
}

/** Sends `count` messages that follow from the seed, and judges every answer. Each request has a stream of numbers of its own. */
export async function fuzz(
  world: FuzzWorld,
  { seed, count, only, log = () => undefined }: FuzzOptions,
): Promise<FuzzReport> {
  const harvest: Harvest = { sessions: [], sealed: [] };
  const statuses: Record<string, number> = {};
  const failures: string[] = [];
  const agent = newAgent(connections);
  const began = performance.now();
  let taken = 0;

  const one = async (index: number): Promise<void> => {
    const random = new Random(seed * 1_000_003 + index);
    const request = nextRequest(random, world.tokens, harvest);
    if (only !== undefined && index !== only) return;
    let problem: string | null = null;
    let seen = '';
    try {
      const answers =
        request.raw === null ? [await send(agent, world.port, request)] : await sendRaw(random, world.port, request);
      for (const answer of answers) {
        statuses[answer.status] = (statuses[answer.status] ?? 0) + 1;
        problem ??= judge(request, answer);
        seen += `\n→ ${answer.status} ${answer.contentType} ${answer.text.slice(0, 1500)}`;
        harvestFrom(request, answer, harvest);
      }
    } catch (error) {
      problem = String(error);
    }
    if (problem !== null) failures.push(`${problem}\n  seed ${seed}, request ${index}: ${show(request)}${seen}`);
  };
  const worker = async (end: number): Promise<void> => {
    while (taken < end && failures.length < maxFailures && world.gatehouse.child.exitCode === null) {
      const index = taken++;
      await one(index);
      if (index % 1000 === 0) world.forget();
      if (index % 10_000 === 0 && index > 0)
        log(`${index} sent, ${Math.round((await world.memory()) / 1024 ** 2)} MiB`);
    }
  };
  const upTo = (end: number) => Promise.all(Array.from({ length: connections }, () => worker(end)));

  const { child, gateway, output } = world.gatehouse;
  const measure = () => (child.exitCode === null && only === undefined ? settledMemory(world) : 0);
  await upTo(Math.ceil(count / 2));
  const half = await measure();
  await upTo(count);
  agent.destroy();
  if (child.exitCode !== null) failures.push(`the gateway ended with ${child.exitCode}: ${output.stderr.slice(-2000)}`);
  else await until('it is well', async () => (await fetch(`${gateway}/healthz`)).status === 200);
  const end = await measure();
  for (const line of output.stdout
    .split('\n')
    .filter((text) => /"level":"?(error|fatal|50|60)/.test(text))
    .slice(0, 5))
    failures.push(`the log of seed ${seed}: ${line.slice(0, 2000)}`);
  return { sent: taken, ms: performance.now() - began, statuses, failures, memory: [half, end] };
}
