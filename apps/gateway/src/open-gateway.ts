import { setTimeout as delay } from 'node:timers/promises';
import { NestFactory } from '@nestjs/core';
import { NestLogger } from '#observability';
import { StdioChildren } from '#mcp';
import type { UpstreamPools } from '#outbound';
import { failClosed } from './fail-closed.js';
import type { Gateway, GatewayParts } from './gateway.js';
import { GATEWAY, GatewayModule, UPSTREAM_POOLS } from './gateway.module.js';
import type { FrontDoor } from './http/front-door.js';
import type { Listening } from './http/listen.js';
import { publicUrlsOf } from './http/public-urls.js';
import { CallError } from './pipeline/call-error.js';
import { UpstreamEars } from './relay/upstream-ears.js';

/** A gateway that serves. */
export interface OpenGateway {
  /** `/readyz` says 503 from here on, and connections are not kept alive; calls are still served. */
  setDraining(): void;
  /** Accepts nothing new, lets calls under way finish until the deadline (milliseconds), then cuts them. */
  stop(deadlineMs: number): Promise<void>;
}

/** How long calls that were cut may take to say so, and upstreams to hear that their sessions end. */
const partingMs = 1000;

/** How long something may go on after the right to it has expired. */
const expiryMs = 1000;

const stopping = () =>
  new CallError('SERVICE_UNAVAILABLE', 'The gateway is stopping; send the request again.', { status: 503 });

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
  const { links } = gateway;
  const children = container.get(StdioChildren);
  const ears = new UpstreamEars(gateway);
  const stopWatching = failClosed(gateway);
  const pools = container.get<UpstreamPools>(UPSTREAM_POOLS);
  // The promise of one second (ARCHITECTURE.md §3a): what lost its right ends with the swap, not with its next request.
  const unsubscribe = parts.snapshots.onChange((next, previous) => {
    parts.metrics.snapshotRevision(next.revision);
    const cut = gateway.running.recheckAll();
    const ended = gateway.sessions.recheckAll();
    links.closeForbidden();
    links.closeOutdated(next);
    gateway.listChanges.swapped(next, previous);
    if (ended > 0)
      parts.logger.info({ sessions: ended, revision: next.revision }, 'sessions lost their right and ended');
    if (cut > 0) parts.logger.info({ calls: cut, revision: next.revision }, 'calls lost their right and were cut off');
  });
  // What ends by time alone, a token for example, changes no configuration: the streams that it opened end here.
  const expiries = setInterval(() => gateway.running.recheckAll(), expiryMs);
  expiries.unref();
  parts.metrics.snapshotRevision(parts.snapshots.current().revision);
  door.open(gateway);

  const setDraining = () => {
    gateway.state.draining = true;
  };
  return {
    setDraining,
    stop: async (deadlineMs) => {
      setDraining();
      parts.owners.endStreams();
      // A stream for unsolicited messages never ends by itself; its client finds another process.
      gateway.sessions.endStreams();
      gateway.listeners.endAll();
      ears.close();
      stopWatching();
      gateway.syncRequests.close();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      // What a client sent with its connection is here by then.
      const silent = setTimeout(() => listening.closeSilent(), Math.min(partingMs, deadlineMs));
      await atMost(Promise.all([closed, door.idle()]), deadlineMs);
      clearTimeout(silent);
      await atMost(parts.owners.stopServing(), partingMs);
      gateway.running.abortAll(stopping());
      await atMost(door.idle(), partingMs);
      gateway.sessions.close(stopping());
      server.closeAllConnections();
      await closed;
      unsubscribe();
      clearInterval(expiries);
      await links.close(partingMs);
      await atMost(children.close(), partingMs);
      await atMost(pools.close(), partingMs);
      await container.close();
    },
  };
}
