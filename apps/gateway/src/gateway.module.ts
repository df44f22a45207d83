import { Module, type DynamicModule } from '@nestjs/common';
import type { RateLimit } from '#contracts';
import { StdioChildren, type Implementation } from '#mcp';
import { createAddressGuard, createUpstreamPools, type UpstreamPools } from '#outbound';
import type { Gateway, GatewayParts } from './gateway.js';
import type { PublicUrls } from './http/public-urls.js';
import { StreamCount } from './http/stream-count.js';
import { RunningCalls } from './pipeline/running-calls.js';
import { programVersion } from './program-version.js';
import { timedOpener } from './telemetry/session-times.js';
import { ListChanges } from './relay/list-changes.js';
import { ListenStreams } from './relay/listen-streams.js';
import { ParkedCalls } from './relay/parked-calls.js';
import { Subscriptions } from './relay/subscriptions.js';
import { SyncRequests } from './relay/sync-requests.js';
import { ClientSessions } from './sessions/client-sessions.js';
import { UpstreamConnections } from './upstream-pool/upstream-connections.js';
import { UpstreamLinks } from './upstream-pool/upstream-links.js';

/** Injection token of what was handed in at start. */
const PARTS = Symbol('parts');
/** Injection token of name and version of this program. */
const SERVER_INFO = Symbol('server info');
/** Injection token of the connections to upstreams. */
export const UPSTREAM_POOLS = Symbol('upstream pools');
/** Injection token of everything that the steps of a call work with. */
export const GATEWAY = Symbol('gateway');

const openPools = ({ config }: GatewayParts): UpstreamPools =>
  createUpstreamPools({
    guard: createAddressGuard(config.outbound.allowedHosts),
    connectTimeoutMs: config.outbound.connectTimeout,
    connections: config.outbound.poolConnections,
  });

const openChildren = ({ config, logger }: GatewayParts): StdioChildren =>
  new StdioChildren({
    maxPerUpstream: config.stdio.maxChildren,
    maxPerUser: config.stdio.maxChildrenPerUser,
    idleMs: config.stdio.idle,
    killGraceMs: config.stdio.killGrace,
    stderrBytes: config.stdio.stderrBytes,
    onGone: (upstream, stderr) => logger.debug({ upstream, stderr }, 'the process of an upstream has ended'),
  });

function openLinks(parts: GatewayParts, pools: UpstreamPools, children: StdioChildren, clientInfo: Implementation) {
  const { config, keyring, telemetry } = parts;
  const { maxUpstreamSessions: max, upstreamSessionIdle: idleMs } = config.gateway;
  const opener = new UpstreamConnections({ config, keyring, pools, children, clientInfo });
  return new UpstreamLinks({ max, idleMs }, telemetry === null ? opener : timedOpener(telemetry, opener));
}

const tokenLimitOf = ({ config: { limits } }: GatewayParts): RateLimit | null =>
  limits.tokenPerMinute === 0 ? null : { perMinute: limits.tokenPerMinute, burst: limits.tokenBurst };

/** Wires the gateway. It declares no controller: requests are served by one handler on plain node:http. */
@Module({})
export class GatewayModule {
  static of(parts: GatewayParts, urls: PublicUrls): DynamicModule {
    return {
      module: GatewayModule,
      providers: [
        { provide: PARTS, useValue: parts },
        { provide: SERVER_INFO, useValue: { name: 'gatehouse', version: programVersion() } },
        { provide: UPSTREAM_POOLS, inject: [PARTS], useFactory: openPools },
        { provide: StdioChildren, inject: [PARTS], useFactory: openChildren },
        {
          provide: UpstreamLinks,
          inject: [PARTS, UPSTREAM_POOLS, StdioChildren, SERVER_INFO],
          useFactory: openLinks,
        },
        RunningCalls,
        {
          provide: GATEWAY,
          inject: [UpstreamLinks, RunningCalls, SERVER_INFO],
          useFactory: (links: UpstreamLinks, running: RunningCalls, serverInfo: Implementation): Gateway => {
            const sessions = new ClientSessions(parts, parts.owners);
            return {
              ...parts,
              urls,
              links,
              running,
              tokenLimit: tokenLimitOf(parts),
              sessions,
              streams: new StreamCount(parts.metrics),
              parked: new ParkedCalls(),
              subscriptions: new Subscriptions(),
              listeners: new ListenStreams(),
              listChanges: new ListChanges({ clock: parts.clock, sessions }),
              syncRequests: new SyncRequests((...asked) => parts.requestSync(...asked), parts.logger),
              serverInfo,
              state: { draining: false },
            };
          },
        },
      ],
    };
  }
}
