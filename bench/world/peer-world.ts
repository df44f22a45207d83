import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { addUpstream } from '#testing';
import { startProgram } from '../measure/processes.js';
import { composeServer } from './compose-server.js';
import type { Server } from './gateway.js';
import { openInstallation } from './installation.js';
import { listSizes, type World } from './open-world.js';
import { stdioUpstream, type Peer } from './peers.js';

/** The gateway on the same upstreams as the peers. */
export interface PeerWorld {
  readonly gateway: Server;
  readonly token: string;
  /** Addresses of so many HTTP upstreams that have so many tools together, by name. */
  urls(tools: number, over: number): ReadonlyMap<string, string>;
  close(): Promise<void>;
}

const tens = Array.from({ length: 10 }, (_, index) => `ten-${index}`);

/** The slug of the upstream for calls, and of the virtual server of its ten tools. */
export const callSlug = (upstream: Peer['upstream']): string => (upstream === 'stdio' ? 'stdio' : 'plain');

/** The slug of the virtual server that lists so many tools over so many upstreams of a kind. */
export const listSlug = (upstream: Peer['upstream'], tools: number, over: number): string =>
  `${upstream}-list-${tools}-${over}`;

/** An installation whose upstreams are those of the peers: the same stdio program (shared), the same HTTP servers. */
export async function openPeerWorld(world: World): Promise<PeerWorld> {
  const stack = new AsyncDisposableStack();
  try {
    const scratch = mkdtempSync(path.join(tmpdir(), 'gatehouse-bench-stdio-'));
    stack.defer(() => rmSync(scratch, { recursive: true, force: true }));
    const commands = path.join(scratch, 'commands.json');
    const most = Math.max(...listSizes);
    const entry = ([command, ...args]: readonly string[]) => ({ command, args });
    writeFileSync(commands, JSON.stringify({ stdio: entry(stdioUpstream(10)), big: entry(stdioUpstream(most)) }));
    // A tenth of each list, for ten upstreams; the gateway makes its shorter lists of the longest.
    const tenths = new Map<number, string>();
    for (const size of listSizes) {
      const { port, stop } = await startProgram('plain-upstream', ['--tools', String(size / tens.length)]);
      stack.defer(stop);
      tenths.set(size, `http://127.0.0.1:${port}/mcp`);
    }
    const urls: PeerWorld['urls'] = (tools, over) =>
      over === 1
        ? new Map([[callSlug('http'), world.lists.get(tools)?.url ?? '']])
        : new Map(tens.map((slug) => [slug, tenths.get(tools) ?? '']));
    const installation = await openInstallation(
      world.clusterUrl,
      async (admin, database) => {
        const shared = { transport: 'STDIO', shared: true } as const;
        await Promise.all([
          addUpstream(admin, 'stdio', null, { ...shared, command: 'stdio' }),
          addUpstream(admin, 'stdio-big', null, { ...shared, command: 'big' }),
          addUpstream(admin, 'plain', world.plain.url),
          addUpstream(admin, 'big', world.lists.get(most)?.url ?? ''),
          ...[...urls(most, tens.length)].map(([slug, url]) => addUpstream(admin, slug, url)),
        ]);
        await composeServer(admin, database, callSlug('stdio'), ['stdio'], 10);
        await composeServer(admin, database, callSlug('http'), ['plain'], 10);
        for (const size of listSizes) {
          await composeServer(admin, database, listSlug('stdio', size, 1), ['stdio-big'], size);
          await composeServer(admin, database, listSlug('http', size, 1), ['big'], size);
          await composeServer(admin, database, listSlug('http', size, 10), tens, size / tens.length);
        }
      },
      { GATEHOUSE_STDIO_COMMANDS: commands },
    );
    stack.defer(() => installation.close());
    // Its processes are looked up here, before it starts a stdio upstream, whose processor time is not counted.
    const gateway = await installation.startGateway();
    stack.defer(() => gateway.stop());
    return { gateway, token: installation.token, urls, close: () => stack.disposeAsync() };
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}
