import { createWriteStream, mkdirSync, openSync } from 'node:fs';
import path from 'node:path';
import { childEnvironment, loadConfig } from '#config';
import { failed } from '../command-failure.js';
import { serverProgram } from '../delegate-to-server.js';
import type { DemoUpstream } from './start-demo-upstream.js';
import { startOwnedChild, type OwnedChild } from './owned-child.js';

/** A person of the demo and an API token of theirs. */
export interface DemoPerson {
  readonly name: string;
  readonly token: string;
}

/** What the server tells its parent process once it is ready (apps/server/src/startup/announce.ts). */
export interface ReadyMessage {
  readonly type: 'ready';
  /** Origins: control plane and gateway. */
  readonly addresses: Readonly<Record<'controlPlane' | 'gateway', { readonly host: string; readonly port: number }>>;
  readonly setupLink: string | null;
  readonly demo: {
    readonly endpoint: string;
    readonly allowed: DemoPerson;
    readonly denied: DemoPerson;
    readonly auditor: DemoPerson;
  };
}

/** The running server of the demo. */
export interface DemoServer {
  readonly child: OwnedChild;
  readonly ready: ReadyMessage;
  readonly dataDir: string;
  /** Where its log goes; null when no file could be written. */
  readonly logFile: string | null;
}

/** Starts Gatehouse with its usual settings, allowed to reach the demo's MCP server, and has it make the demo's data. */
export async function startDemoServer(
  upstream: DemoUpstream,
  onStart: (child: OwnedChild) => void,
): Promise<DemoServer> {
  const config = loadConfig();
  const dataDir = path.resolve(config.server.dataDir);
  const allowedHosts = [...config.outbound.allowedHosts, `127.0.0.1:${upstream.port}`].join(',');
  const log = openLog(dataDir);
  const child = startOwnedChild(serverProgram, ['serve', '--demo-upstream', upstream.url], {
    env: childEnvironment({ GATEHOUSE_OUTBOUND_ALLOWED_HOSTS: allowedHosts }),
    log: log && createWriteStream('', { fd: log.fd }),
  });
  onStart(child);
  const ready = await new Promise<ReadyMessage>((resolve, reject) => {
    child.process.on('message', (message) => isReady(message) && resolve(message));
    void child.ended.then(() => reject(failed(`The server did not start.\n${child.lastWords()}`)));
  });
  return { child, ready, dataDir, logFile: log?.file ?? null };
}

const isReady = (message: unknown): message is ReadyMessage =>
  typeof message === 'object' && message !== null && 'type' in message && message.type === 'ready';

/** A data directory that cannot be written is the server's to explain. */
function openLog(dataDir: string): { file: string; fd: number } | null {
  const file = path.join(dataDir, 'demo-server.log');
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    return { file, fd: openSync(file, 'w', 0o600) };
  } catch {
    return null;
  }
}
