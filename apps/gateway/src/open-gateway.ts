import { setTimeout as delay } from 'node:timers/promises';
import { NestFactory } from '@nestjs/core';
import { NestLogger } from '#observability';
import type { UpstreamPools } from '#outbound';
import type { Gateway, GatewayParts } from './gateway.js';
import { GATEWAY, GatewayModule, UPSTREAM_POOLS } from './gateway.module.js';
import type { FrontDoor } from './http/front-door.js';
import type { Listening } from './http/listen.js';
import { publicUrlsOf } from './http/public-urls.js';
import { CallError } from './pipeline/call-error.js';
import { LegacySessions } from './upstream-pool/legacy-sessions.js';

/** A gateway that serves. */
export interface OpenGateway {
  /** `/readyz` says 503 from here on, and connections are not kept alive; calls are still served. */
  setDraining(): void;
  /** Accepts nothing new, lets calls under way finish until the deadline (milliseconds), then cuts them. */
  stop(deadlineMs: number): Promise<void>;
}

/** How long calls that were cut may take to say so, and upstreams to hear that their sessions end. */
const partingMs = 1000;

const atMost = async (work: Promise<unknown>, ms: number): Promise<void> => {
  const timer = new AbortController();
  await Promise.race([work, delay(ms, undefined, { signal: timer.signal }).catch(() => undefined)]);
  timer.abort();
};

/** Opens the front door of a gateway that is wired from these parts; the parts stay the caller's to close. */
export async function openGateway(parts: GatewayParts, door: FrontDoor, listening: Listening): Promise<OpenGateway> {
  const { server, address } = listening;
  const urls = publicUrlsOf(parts.config, address.port);
  const container = await NestFactory.createApplicationContext(GatewayModule.of(parts, urls), {
    logger: new NestLogger(parts.logger),
    abortOnError: false,
  });
  const gateway = container.get<Gateway>(GATEWAY);
  const sessions = container.get(LegacySessions);
  const pools = container.get<UpstreamPools>(UPSTREAM_POOLS);
  // The promise of one second (architecture.md §3a): what lost its right ends with the swap, not with its next request.
  const unsubscribe = parts.snapshots.onChange((next) => {
    parts.metrics.snapshotRevision(next.revision);
    const cut = gateway.running.recheckAll();
    sessions.closeForbidden();
    if (cut > 0) parts.logger.info({ calls: cut, revision: next.revision }, 'calls lost their right and were cut off');
  });
  parts.metrics.snapshotRevision(parts.snapshots.current().revision);
  door.open(gateway);

  const setDraining = () => {
    gateway.state.draining = true;
  };
  return {
    setDraining,
    stop: async (deadlineMs) => {
      setDraining();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      await atMost(Promise.all([closed, door.idle()]), deadlineMs);
      gateway.running.abortAll(
        new CallError('SERVICE_UNAVAILABLE', 'The gateway is stopping; send the request again.', { status: 503 }),
      );
      await atMost(door.idle(), partingMs);
      server.closeAllConnections();
      await closed;
      unsubscribe();
      await sessions.close(partingMs);
      await atMost(pools.close(), partingMs);
      await container.close();
    },
  };
}
