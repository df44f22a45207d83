import type { Gateway } from '../gateway.js';
import type { Exchange } from '../http/exchange.js';
import { send } from '../http/send.js';

/** True for the two paths of probes. Probes reach a process by its address, so their Host header is not checked. */
export const isHealthPath = (path: string): boolean => path === '/healthz' || path === '/readyz';

/** Why this process should get no traffic; null when it should. */
function problemOf({ config, snapshots, state }: Gateway): string | null {
  if (state.draining) return 'stopping';
  if (!snapshots.ready()) return 'snapshot';
  return snapshots.staleFor() > config.gateway.readyGrace ? 'database' : null;
}

/** `/healthz`: the process answers. `/readyz`: it serves what the database said lately, and is not about to stop. */
export function answerHealth(gateway: Gateway, exchange: Exchange): void {
  if (exchange.request.method !== 'GET' && exchange.request.method !== 'HEAD') {
    send(gateway, exchange, { status: 405, headers: { allow: 'GET, HEAD' }, body: null });
    return;
  }
  const problem = exchange.path === '/healthz' ? null : problemOf(gateway);
  const status = exchange.path === '/healthz' ? 'alive' : problem === null ? 'ready' : 'unready';
  send(gateway, exchange, {
    status: problem === null ? 200 : 503,
    body: JSON.stringify(problem === null ? { status } : { status, problem }),
  });
}
