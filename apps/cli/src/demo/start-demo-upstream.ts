import { createRequire } from 'node:module';
import { createServer, type AddressInfo } from 'node:net';
import path from 'node:path';
import { childEnvironment } from '#config';
import { failed } from '../command-failure.js';
import { startOwnedChild, type OwnedChild } from './owned-child.js';

/** A real MCP server for the demo. */
export interface DemoUpstream {
  readonly child: OwnedChild;
  readonly port: number;
  readonly url: string;
}

const packageName = '@modelcontextprotocol/server-everything';

/** Starts the reference server of the Model Context Protocol on a free loopback port. */
export async function startDemoUpstream(onStart: (child: OwnedChild) => void): Promise<DemoUpstream> {
  const port = await freePort();
  const child = startOwnedChild(locateProgram(), ['streamableHttp'], {
    env: childEnvironment({ PORT: String(port) }),
    imports: [import.meta.resolve('./listen-on-loopback.js')],
    log: null,
  });
  onStart(child);
  await new Promise<void>((resolve, reject) => {
    child.process.stderr?.on('data', () => child.lastWords().includes(`on port ${port}`) && resolve());
    void child.ended.then(() => reject(failed(`The demo's MCP server did not start: ${child.lastWords()}`)));
  });
  return { child, port, url: `http://127.0.0.1:${port}/mcp` };
}

function locateProgram(): string {
  try {
    const manifest = createRequire(import.meta.url).resolve(`${packageName}/package.json`);
    return path.join(path.dirname(manifest), 'dist/index.js');
  } catch {
    throw failed(`The demo needs ${packageName}, a development dependency.`, 'Install it: npm ci');
  }
}

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => resolve(port));
    });
  });
