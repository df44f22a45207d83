// What the programs of the benchmark share: they are forked, say where they listen, and end with their parent.
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** The first message of every program. */
export interface ProgramReady {
  readonly type: 'ready';
  readonly port: number;
}

/** Listens on a free port of 127.0.0.1 and tells the parent. */
export function announce(server: Server): void {
  server.keepAliveTimeout = 0;
  server.listen(0, '127.0.0.1', 4096, () => {
    const { port } = server.address() as AddressInfo;
    process.send?.({ type: 'ready', port } satisfies ProgramReady);
  });
  endWithParent();
}

/** Without a parent nobody would end this process. */
export const endWithParent = (): unknown => process.once('disconnect', () => process.exit(0));

/** `--name value` of this process. */
export function option(name: string, fallback: string): string {
  const at = process.argv.indexOf(`--${name}`);
  return at === -1 ? fallback : (process.argv[at + 1] ?? fallback);
}
